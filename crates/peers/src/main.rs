//! Runs the comparison. `cargo xtask bench --help` in the repository's root tells the options, which come here in pairs.

use std::path::{Path, PathBuf};

use peers::table::Plan;
use peers::{Library, Result, process, report, serve, work};

struct Options {
    threads: Vec<usize>,
    slice: f64,
    rounds: usize,
    only: Option<String>,
    random: Option<usize>,
    /// The interpreter that has PyTorch; none leaves PyTorch out.
    python: Option<String>,
    memory: bool,
    /// The file that the tables go to.
    write: Option<PathBuf>,
    /// What to type for the same tables.
    command: String,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [option, name] = &arguments[..]
        && option == process::SERVE
    {
        let library = Library::ALL
            .into_iter()
            .find(|library| library.name() == name);
        return serve::serve(library.ok_or_else(|| format!("no library is called {name}"))?);
    }
    let options = options(&arguments)?;
    let works = match options.random {
        Some(count) => work::random(count),
        None => work::fixed(),
    };
    let only: Option<Vec<&str>> = options.only.as_ref().map(|only| only.split(',').collect());
    let known = |name: &&str| works.iter().any(|work| work.name == *name);
    if let Some(name) = only.iter().flatten().find(|name| !known(name)) {
        return Err(format!("no work is called {name}").into());
    }
    let chosen = |name: &str| only.as_ref().is_none_or(|only| only.contains(&name));
    let folder = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let plan = Plan {
        works: works
            .into_iter()
            .filter(|work| chosen(&work.name))
            .collect(),
        libraries: Library::ALL
            .into_iter()
            .filter(|library| *library != Library::PyTorch || options.python.is_some())
            .collect(),
        slice: options.slice,
        rounds: options.rounds,
        python: options.python.clone().unwrap_or_default(),
        folder: folder.clone(),
    };
    let outcome = run(&plan, &options);
    let removed = std::fs::remove_dir_all(&folder);
    outcome.and(Ok(removed?))
}

fn run(plan: &Plan, options: &Options) -> Result<()> {
    let versions = plan.versions()?;
    println!("{versions}");
    let mut tables = Vec::new();
    for &threads in &options.threads {
        if options.memory {
            println!(
                "\n{threads} thread(s)\n\n{}",
                report::memory_head(&plan.libraries).trim_end()
            );
            plan.memory(threads, |line| {
                print!("{}", report::memory_row(&plan.libraries, line))
            })?;
            continue;
        }
        println!(
            "\n{threads} thread(s)\n\n{}",
            report::head(&plan.libraries).trim_end()
        );
        let table = plan.times(threads, |line| {
            print!("{}", report::row(&plan.libraries, line))
        })?;
        println!(
            "\nThe peak is {:.0} billion operations a second.\n",
            table.peak
        );
        print!("{}", report::verdict(&table));
        tables.push(table);
    }
    if let Some(file) = &options.write {
        write(
            file,
            &report::page(&plan.works, &tables, &versions, &options.command),
        )?;
    }
    Ok(())
}

/// Writes a whole file or none.
fn write(file: &Path, text: &str) -> Result<()> {
    let unfinished = file.with_extension("unfinished");
    std::fs::write(&unfinished, text)?;
    Ok(std::fs::rename(&unfinished, file)?)
}

fn options(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        threads: vec![1, 2],
        slice: 0.2,
        rounds: 5,
        only: None,
        random: None,
        python: None,
        memory: false,
        write: None,
        command: "cargo xtask bench".into(),
    };
    for pair in arguments.chunks(2) {
        let [option, value] = pair else {
            return Err(format!("{} needs a value", pair[0]).into());
        };
        match option.as_str() {
            "--threads" => {
                options.threads = value
                    .split(',')
                    .map(str::parse)
                    .collect::<std::result::Result<_, _>>()?
            }
            "--slice" => options.slice = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--only" => options.only = Some(value.clone()),
            "--random" => options.random = Some(value.parse()?),
            "--python" => options.python = Some(value.clone()),
            "--memory" => options.memory = value.parse()?,
            "--write" => options.write = Some(value.into()),
            _ => return Err(format!("unknown option {option}").into()),
        }
        if !["--python", "--write"].contains(&option.as_str()) {
            options.command += &format!(" {option} {value}");
        }
    }
    Ok(options)
}
