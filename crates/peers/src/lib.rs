//! convcore beside other libraries, in speed, memory and results. `cargo xtask bench` in the repository's root runs it.
//!
//! Every library does the same [work](work) on the same numbers, in a [process](process) of its own that says what came
//! out and how long it took. [`compare`] holds the results against each other before any time is taken, and [`table`] has
//! the libraries take turns. [`lenet`] is the book's network in four libraries.

mod burn;
mod candle;
pub mod compare;
mod convcore;
pub mod lenet;
pub mod memory;
pub mod peak;
pub mod process;
pub mod report;
pub mod serve;
pub mod table;
mod tract;
pub mod work;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use ::convcore::Tensor;
use work::{Pass, Work};

/// A fault of any kind: whoever started the program reads it.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// A library that does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// The book's.
    Convcore,
    /// With its processor backend, `burn-flex`.
    Burn,
    /// On the processor.
    Candle,
    /// Which only runs networks, and trains none.
    Tract,
    /// With the libraries for the processor that it ships with.
    PyTorch,
}

impl Library {
    /// All of them, convcore first.
    pub const ALL: [Library; 5] = [
        Library::Convcore,
        Library::Burn,
        Library::Candle,
        Library::Tract,
        Library::PyTorch,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Library::Convcore => "convcore",
            Library::Burn => "burn",
            Library::Candle => "candle",
            Library::Tract => "tract",
            Library::PyTorch => "PyTorch",
        }
    }

    /// The version of a library that is part of this program.
    fn version(self) -> Option<&'static str> {
        let package = match self {
            Library::Convcore => "convcore",
            Library::Burn => "burn",
            Library::Candle => "candle-core",
            Library::Tract => "tract-core",
            Library::PyTorch => return None,
        };
        let packages = include_str!("../Cargo.lock");
        let (_, from) = packages.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        from.split('"').next()
    }

    /// Gets one of the libraries that are part of this program ready for `work` on the numbers in a file.
    fn prepare(self, work: &Work, file: &Path) -> Result<Box<dyn Ready>> {
        match self {
            Library::Convcore => convcore::prepare(work, file),
            Library::Burn => burn::prepare(work, file),
            Library::Candle => candle::prepare(work, file),
            Library::Tract => tract::prepare(work, file),
            Library::PyTorch => Err("PyTorch is a program of its own".into()),
        }
    }
}

/// Work that a library is ready to do.
trait Ready {
    /// The passes that the library can do, of those that the work has.
    fn passes(&self) -> Vec<Pass>;

    /// What these passes compute: `y`; `gradient 0` and on, in the order x, weight, bias; `logits`, `trained logits`.
    fn results(&mut self) -> Result<Tensors>;

    /// Does a pass once.
    fn run(&mut self, pass: Pass) -> Result<()>;
}

/// Work that a library cannot do at all.
struct Cannot;

impl Ready for Cannot {
    fn passes(&self) -> Vec<Pass> {
        Vec::new()
    }

    fn results(&mut self) -> Result<Tensors> {
        Ok(Tensors::new())
    }

    fn run(&mut self, pass: Pass) -> Result<()> {
        Err(format!("there is no pass {pass}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::convcore::{Geometry, safetensors};
    use work::Kind;

    /// Small works with everything that a window can have.
    fn works() -> Vec<Work> {
        let odd = Geometry::new((3, 2))
            .stride((2, 1))
            .padding((1, 0))
            .dilation((1, 2));
        let square = Geometry::new(3).stride(2).padding(1);
        let input = [2, 4, 9, 10];
        let convolution = |geometry, groups, input_gradient| Kind::Convolution {
            input,
            filters: 6,
            geometry,
            groups,
            input_gradient,
        };
        let kinds = [
            convolution(odd, 1, true),
            convolution(square, 2, true),
            convolution(Geometry::new(3).padding(1), 1, false),
            Kind::MaxPool {
                input,
                geometry: square,
            },
            Kind::AveragePool {
                input,
                geometry: square,
            },
        ];
        let work = |(at, kind): (usize, Kind)| Work {
            name: at.to_string(),
            kind,
        };
        kinds.into_iter().enumerate().map(work).collect()
    }

    /// The passes that a library can do of each small work; all results are compared with convcore's.
    fn passes(library: Library) -> Vec<Vec<Pass>> {
        let compared = |work: Work| {
            let name = format!(
                "peers-{}-{}-{}",
                std::process::id(),
                library.name(),
                work.name
            );
            let file = std::env::temp_dir().join(format!("{name}.safetensors"));
            safetensors::save(&file, &work.data()).unwrap();
            let mut ready = library.prepare(&work, &file).unwrap();
            let ours = Library::Convcore
                .prepare(&work, &file)
                .unwrap()
                .results()
                .unwrap();
            std::fs::remove_file(&file).unwrap();
            let passes = ready.passes();
            let theirs = ready.results().unwrap();
            compare::compare(&ours, library.name(), &theirs, &passes)
                .unwrap_or_else(|error| panic!("{}: {error}", work.title()));
            for &pass in &passes {
                ready.run(pass).unwrap();
            }
            passes
        };
        works().into_iter().map(compared).collect()
    }

    const BOTH: &[Pass] = &[Pass::Forward, Pass::Gradients];

    #[test]
    fn burn_computes_what_convcore_does() {
        assert_eq!(passes(Library::Burn), [BOTH; 5]);
    }

    #[test]
    fn candle_computes_what_convcore_does_or_says_that_it_cannot() {
        let forward = &BOTH[..1];
        assert_eq!(
            passes(Library::Candle),
            [&[], forward, BOTH, forward, forward]
        );
    }

    #[test]
    fn tract_computes_what_convcore_does_forward() {
        assert_eq!(passes(Library::Tract), [&BOTH[..1]; 5]);
    }

    #[test]
    fn every_library_has_a_version() {
        let versions = Library::ALL.map(|library| library.version().is_some());
        assert_eq!(versions, [true, true, true, true, false]);
    }

    #[test]
    fn work_survives_its_way_to_a_process() {
        for work in works().into_iter().chain(work::fixed()) {
            let json = serde_json::to_string(&work).unwrap();
            assert_eq!(serde_json::from_str::<Work>(&json).unwrap(), work);
        }
    }
}
