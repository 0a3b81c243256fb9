//! PyTorch, in a Python process of its own that reads orders and answers, a line each.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use convcore::safetensors;

use crate::convcore_peer::lenet_state;
use crate::work::{Kind, Pass, Work};
use crate::{Peer, Tensors};

pub(crate) struct PyTorch {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl PyTorch {
    pub(crate) fn start(python: &str) -> Result<PyTorch, Box<dyn Error>> {
        let mut process = Command::new(python)
            .args(["-c", include_str!("pytorch.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python} does not start: {error}"))?;
        let orders = process.stdin.take().ok_or("no pipe")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no pipe")?);
        let folder = std::env::temp_dir().join(format!("peers-{}", process.id()));
        std::fs::create_dir_all(&folder)?;
        let mut pytorch = PyTorch {
            process,
            orders,
            answers,
            folder,
        };
        println!("PyTorch {}", pytorch.ask("version")?);
        Ok(pytorch)
    }

    fn ask(&mut self, order: &str) -> Result<String, Box<dyn Error>> {
        writeln!(self.orders, "{order}")?;
        self.orders.flush()?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(
                "PyTorch's process ended; it needs the packages torch and safetensors".into(),
            );
        }
        Ok(answer.trim().into())
    }
}

impl Peer for PyTorch {
    fn name(&self) -> &'static str {
        "PyTorch"
    }

    fn set_threads(&mut self, threads: usize) -> Result<(), Box<dyn Error>> {
        self.ask(&format!("threads {threads}")).map(drop)
    }

    fn prepare(&mut self, work: &Work, data: &Tensors) -> Result<Tensors, Box<dyn Error>> {
        let (input, output) = (
            self.folder.join("data.safetensors"),
            self.folder.join("results.safetensors"),
        );
        let mut data = data.clone();
        if let Kind::LeNet = work.kind {
            data.extend(lenet_state()?);
        }
        safetensors::save(&input, &data)?;
        self.ask(&format!(
            "prepare {}\t{}\t{}",
            input.display(),
            output.display(),
            work.json()
        ))?;
        Ok(safetensors::load(&output)?)
    }

    fn time(&mut self, pass: Pass, seconds: f64) -> Result<Vec<f64>, Box<dyn Error>> {
        let answer = self.ask(&format!("time {pass} {seconds}"))?;
        Ok(answer
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?)
    }
}

impl Drop for PyTorch {
    fn drop(&mut self) {
        // Nothing is lost if these fail: the process and the folder are only left behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
