//! Marks: the chapter's program.
//!
//! To run it, put it into `src/main.rs` of a package and type `cargo run`.

#![allow(warnings, clippy::all)]
fn main() {
    __literate::run(chapter);
}

fn chapter() -> ::std::result::Result<(), __literate::Failure> {
    use __literate::{Outcome as _, Show as _};
use std::collections::BTreeMap;

// Block 1.
{
__literate::block(0);
let v = vec![1, 2];
let word = String::from("moved");

// Block 3.
{
if __literate::never() { (|| -> ::std::result::Result<(), __literate::Failure> {
(
loop {
    std::thread::sleep(std::time::Duration::from_secs(v.len() as u64));
}
).evcxr_display();
::std::result::Result::Ok(()) })()?; }

// Block 4.
{
__literate::block(3);
__literate::should_panic(|| -> ::std::result::Result<(), __literate::Failure> {
let inside = 1;
println!("before");
v[5];
::std::result::Result::Ok(()) })?;

// Block 5.
{
__literate::block(4);
__literate::should_panic(|| -> ::std::result::Result<(), __literate::Failure> {
assert_eq!(1 + 1, 3, "sums\nare hard");
::std::result::Result::Ok(()) })?;

// Block 8.
{
__literate::block(7);
println!("{word} {v:?}");
::std::result::Result::Ok(())
}}}}}
}

/// What the chapter's program needs beside its blocks. With `LITERATE_NONCE` set, it tells mdbook-literate where it is.
#[allow(dead_code)]
mod __literate {
    use std::fmt::{Debug, Display};
    use std::io::Write;
    use std::panic::Location;
    use std::sync::Mutex;

    const FIRST_LINE: u32 = line!();
    static LAST_PANIC: Mutex<String> = Mutex::new(String::new());
    static EXPECTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

    /// An error that `?` passed out of a block, and where.
    pub struct Failure(String, &'static Location<'static>);

    impl<E: Display> From<E> for Failure {
        #[track_caller]
        fn from(error: E) -> Failure {
            Failure(error.to_string(), Location::caller())
        }
    }

    fn nonce() -> Option<String> {
        std::env::var("LITERATE_NONCE").ok()
    }

    fn tell(event: &str) {
        if let Some(nonce) = nonce() {
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "{nonce} {event}\n");
            let _ = out.flush();
        }
    }

    fn tell_failure(kind: &str, place: Option<(u32, u32)>, message: &str) {
        let (line, column) = place.unwrap_or_default();
        let message = message.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        if let Some(nonce) = nonce() {
            eprintln!("\n{nonce} {kind} {line} {column} {message}");
        }
    }

    /// The place in a block that a panic came from: its own, or that of the innermost call in a block.
    fn place(location: &Location) -> Option<(u32, u32)> {
        if location.file() == file!() && location.line() < FIRST_LINE {
            return Some((location.line(), location.column()));
        }
        let trace = std::backtrace::Backtrace::force_capture().to_string().replace('\\', "/");
        let file = format!("{}:", file!().replace('\\', "/"));
        trace.lines().find_map(|line| {
            let mut numbers = line[line.find(&file)? + file.len()..].split(':').map(|number| number.trim().parse().ok());
            let (line, column) = (numbers.next()??, numbers.next().flatten().unwrap_or(1));
            (line < FIRST_LINE).then_some((line, column))
        })
    }

    pub fn run(chapter: fn() -> Result<(), Failure>) {
        std::panic::set_hook(Box::new(|panic| {
            let message = panic.payload().downcast_ref::<&str>().map(|text| text.to_string());
            let message = message.or_else(|| panic.payload().downcast_ref::<String>().cloned()).unwrap_or_else(|| "Box<dyn Any>".to_string());
            if EXPECTED.load(std::sync::atomic::Ordering::Relaxed) {
                eprintln!("panicked, as it should: {message}");
            } else if nonce().is_some() {
                let place = panic.location().and_then(place);
                tell_failure("panic", place, &message);
            } else {
                eprintln!("panicked: {message}");
            }
            *LAST_PANIC.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = message;
        }));
        match chapter() {
            Ok(()) => tell("done"),
            Err(Failure(message, location)) => {
                tell_failure("error", Some((location.line(), location.column())), &message);
                if nonce().is_none() {
                    eprintln!("error: {message}");
                }
                std::process::exit(1);
            }
        }
    }

    pub fn block(number: usize) {
        tell(&format!("block {number}"));
    }

    pub fn never() -> bool {
        false
    }

    /// Runs a block that has to panic.
    pub fn should_panic(code: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        EXPECTED.store(true, std::sync::atomic::Ordering::Relaxed);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(code));
        EXPECTED.store(false, std::sync::atomic::Ordering::Relaxed);
        match outcome {
            Err(_) => {
                let message = LAST_PANIC.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                tell(&format!("panicked {}", message.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")));
                Ok(())
            }
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(())) => {
                tell_failure("survived", None, "");
                std::process::exit(1);
            }
        }
    }

    /// Shows the last expression of a block that has no `evcxr_display` of its own.
    pub trait Show {
        fn evcxr_display(&self);
    }

    impl<T: Debug + ?Sized> Show for T {
        fn evcxr_display(&self) {
            match nonce() {
                Some(_) => println!("EVCXR_BEGIN_CONTENT text/plain\n{self:?}\nEVCXR_END_CONTENT"),
                None => println!("{self:?}"),
            }
        }
    }

    /// What a block's own `main` may return.
    pub trait Outcome {
        fn check(self) -> Result<(), Failure>;
    }

    impl Outcome for () {
        fn check(self) -> Result<(), Failure> {
            Ok(())
        }
    }

    impl<E: Debug> Outcome for Result<(), E> {
        #[track_caller]
        fn check(self) -> Result<(), Failure> {
            self.map_err(|error| Failure(format!("{error:?}"), Location::caller()))
        }
    }
}
