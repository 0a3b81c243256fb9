//! Times convcore beside other libraries: `cargo run --release -p peers`.
//!
//! Every peer gets the same numbers and computes the same work; their results are compared before any time is taken.
//! Then they take turns, a slice of time each, again and again, so that whatever else the machine does befalls all
//! alike. The table gives the median time of each, the ratio of convcore's to the peer's, and how much of the
//! processor's arithmetic peak convcore reaches.
//!
//! `--threads N` (default: 1, then 2), `--slice SECONDS` a turn (0.2), `--rounds N` (5), `--only A,B`,
//! `--random N` (N random convolutions instead of the fixed list), `--python PATH` (or `PEERS_PYTHON`; an interpreter
//! with torch and safetensors).

mod convcore_peer;
mod peak;
mod pytorch;
mod work;

use std::collections::BTreeMap;
use std::error::Error;

use convcore::Tensor;
use work::{Pass, Work};

/// A library that can do the work.
trait Peer {
    fn name(&self) -> &'static str;

    fn set_threads(&mut self, threads: usize) -> Result<(), Box<dyn Error>>;

    /// Gets ready for `work` on `data`, and computes its results once.
    fn prepare(&mut self, work: &Work, data: &Tensors) -> Result<Tensors, Box<dyn Error>>;

    /// Does one pass of the prepared work again and again, for about so long; the milliseconds each time took.
    fn time(&mut self, pass: Pass, seconds: f64) -> Result<Vec<f64>, Box<dyn Error>>;
}

type Tensors = BTreeMap<String, Tensor>;

struct Options {
    threads: Vec<usize>,
    slice: f64,
    rounds: usize,
    only: Option<String>,
    random: Option<usize>,
    python: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let mut ours = convcore_peer::Convcore::new()?;
    let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(pytorch::PyTorch::start(&options.python)?)];
    let works = match options.random {
        Some(count) => work::random(count),
        None => work::fixed(),
    };
    let chosen = |name: &str| {
        options
            .only
            .as_ref()
            .is_none_or(|only| only.split(',').any(|o| o == name))
    };
    for &threads in &options.threads {
        let peak = threads as f64 * peak::gigaflops();
        println!("\n{threads} thread(s), peak {peak:.0} GFLOP/s\n");
        println!(
            "| work | pass | convcore ms | share of peak | peer | peer ms | ratio | ratio of the fastest runs |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        ours.set_threads(threads)?;
        for peer in &mut peers {
            peer.set_threads(threads)?;
        }
        let mut logs: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for work in works.iter().filter(|work| chosen(&work.name)) {
            let data = work.data();
            let results = ours.prepare(work, &data)?;
            for peer in &mut peers {
                compare(work, &results, peer.name(), &peer.prepare(work, &data)?)?;
            }
            for &pass in work.passes() {
                let mut times = vec![vec![]; peers.len() + 1];
                for _ in 0..options.rounds {
                    times[0].extend(ours.time(pass, options.slice)?);
                    for (peer, times) in peers.iter_mut().zip(&mut times[1..]) {
                        times.extend(peer.time(pass, options.slice)?);
                    }
                }
                for times in &mut times {
                    times.sort_by(f64::total_cmp);
                }
                let median = |times: &[f64]| times[times.len() / 2];
                let share = work.gigaflop(pass) / median(&times[0]) * 1e3 / peak;
                for (peer, theirs) in peers.iter().zip(&times[1..]) {
                    let ratio = median(&times[0]) / median(theirs);
                    logs.entry(peer.name()).or_default().push(ratio.ln());
                    println!(
                        "| {} | {pass} | {:.2} | {} | {} | {:.2} | {ratio:.2} | {:.2} |",
                        work.title(),
                        median(&times[0]),
                        if share > 0.0 {
                            format!("{:.0} %", 100.0 * share)
                        } else {
                            String::new()
                        },
                        peer.name(),
                        median(theirs),
                        times[0][0] / theirs[0],
                    );
                }
            }
        }
        for (peer, logs) in logs {
            let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
            println!("\ngeometric mean of the ratios to {peer}: {mean:.2}");
        }
    }
    Ok(())
}

/// Whether a peer computed what convcore did: to a thousandth of the largest number.
fn compare(
    work: &Work,
    ours: &Tensors,
    peer: &str,
    theirs: &Tensors,
) -> Result<(), Box<dyn Error>> {
    for (name, ours) in ours {
        let theirs = theirs.get(name).ok_or(format!("{peer} gave no {name}"))?;
        let scale = ours
            .as_slice()
            .iter()
            .fold(0.0, |scale: f32, value| scale.max(value.abs()));
        let differs =
            |(a, b): (&f32, &f32)| (a - b).abs() > 1e-3 * scale || a.is_nan() != b.is_nan();
        if ours.shape() != theirs.shape()
            || ours.as_slice().iter().zip(theirs.as_slice()).any(differs)
        {
            return Err(format!("{}: {peer} computes another {name}", work.title()).into());
        }
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        threads: vec![1, 2],
        slice: 0.2,
        rounds: 5,
        only: None,
        random: None,
        python: std::env::var("PEERS_PYTHON").unwrap_or("python3".into()),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments
            .next()
            .ok_or(format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--threads" => options.threads = vec![value.parse()?],
            "--slice" => options.slice = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--only" => options.only = Some(value),
            "--random" => options.random = Some(value.parse()?),
            "--python" => options.python = value,
            _ => return Err(format!("unknown option {argument}").into()),
        }
    }
    Ok(options)
}
