//! How large the stores are that are measured.

use serde::{Deserialize, Serialize};

/// The records of the main group; all other counts stand in proportion to a million of them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Scale {
    pub records: u64,
    /// Fewer operations where each waits for the device.
    pub is_short: bool,
}

impl Scale {
    /// What is `count` at a million records; at least 100.
    pub fn of(self, count: u64) -> u64 {
        let share = u128::from(count) * u128::from(self.records) / 1_000_000;
        (share as u64).max(100)
    }

    /// `count` operations that each wait for the device, half of them in short.
    pub fn durable(self, count: u64) -> u64 {
        if self.is_short { count / 2 } else { count }
    }
}

/// A number with commas.
pub fn grouped(number: u64) -> String {
    with_commas(&number.to_string())
}

/// Commas between the thousands of what stands before the point.
pub fn with_commas(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let mut text = String::new();
    for (at, digit) in number.char_indices() {
        if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_in_proportion_and_are_never_nothing() {
        let scale = Scale {
            records: 100_000,
            is_short: true,
        };
        assert_eq!(scale.of(5_000_000), 500_000);
        assert_eq!(scale.of(1), 100);
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
    }
}
