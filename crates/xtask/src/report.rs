//! Says what is being done and how long it took.

use std::time::{Duration, Instant};

use crate::Outcome;

/// Announces a piece of work, does it, and says how long it took.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    eprintln!("── {what}");
    let start = Instant::now();
    let result = work()?;
    eprintln!("── done in {}", clock(start.elapsed()));
    Ok(result)
}

/// A duration as a person reads it: `4.2 s`, `2 min 05 s`.
pub(crate) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(clock(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(clock(Duration::from_secs(125)), "2 min 05 s");
    }
}
