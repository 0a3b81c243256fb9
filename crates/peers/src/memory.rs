//! How much memory a process needs, from what Linux says about it.

use crate::Result;

/// What this process holds now, in bytes; `None` where the system does not say.
pub fn held() -> Option<u64> {
    field("VmRSS:")
}

/// The most that this process has held since [`forget_peak`], in bytes.
pub fn peak() -> Option<u64> {
    field("VmHWM:")
}

/// Lets [`peak`] start anew, from what is held now.
pub fn forget_peak() -> Result<()> {
    Ok(std::fs::write("/proc/self/clear_refs", "5")?)
}

fn field(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(1024 * kilobytes)
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn a_peak_is_seen_after_its_memory_is_given_back() {
        super::forget_peak().unwrap();
        let before = super::held().unwrap();
        drop(vec![1_u8; 100 << 20]);
        assert!(super::peak().unwrap() > before + (90 << 20));
    }
}
