//! Checksums that end at an unknown place, and that begin at one.
//!
//! A block on disk ends with the checksum over its place and its bytes (see
//! [`crate::format::block_envelope`]), but not with its length: that is in the index. Where the
//! index is lost, the end of a block is the first place at which the bytes hold the checksum of
//! all before them; [`EndSearch`] looks for it byte by byte. Where the block before is lost too,
//! both ends are unknown; [`pairs`] finds them.
//!
//! The second search rests on CRC-32 being linear. With `Z` the step over a zero byte, `P(x)` the
//! register after the bytes before `x` from zero, and `H(o)` the register after the place, a block
//! from `o` to `p` with the checksum `t` fulfils `Z^(p-o)(H(o) ^ P(o)) = P(p) ^ !t`. Steps back to
//! the start of the window on both sides leave one number for each start and one for each end,
//! and a block where they are equal. That costs some hundred operations a byte.
//!
//! Pure, for any thread. One in four thousand million places passes by chance, so whoever asks
//! has to look at what he is given.

/// Register after a byte, by the byte that the low eight bits and it make.
const TABLE: [u32; 256] = table();

const POLYNOMIAL: u32 = 0xedb8_8320;

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut register = i as u32;
        let mut bit = 0;
        while bit < 8 {
            register = (register >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(register & 1));
            bit += 1;
        }
        table[i] = register;
        i += 1;
    }
    table
}

fn step(register: u32, byte: u8) -> u32 {
    (register >> 8) ^ TABLE[((register ^ u32::from(byte)) & 0xff) as usize]
}

/// The step over a zero byte, taken back.
fn step_back(register: u32) -> u32 {
    let mut before = register;
    for _ in 0..8 {
        let carried = before >> 31;
        before = ((before ^ (POLYNOMIAL & 0u32.wrapping_sub(carried))) << 1) | carried;
    }
    before
}

/// The register behind the place that stands before the bytes of a block.
fn place(file_number: u64, offset: u64) -> u32 {
    let bytes = [file_number.to_le_bytes(), offset.to_le_bytes()];
    let bytes = bytes.as_flattened().iter();
    bytes.fold(u32::MAX, |register, &byte| step(register, byte))
}

/// Looks for the end of what begins at a known place.
#[derive(Debug)]
pub(crate) struct EndSearch {
    register: u32,
    /// The last four bytes, the newest on top.
    last: u32,
    /// The registers before each of the last four bytes, the oldest first.
    before: [u32; 4],
    fed: u64,
}

impl EndSearch {
    /// What begins at `offset` of file `file_number`.
    pub(crate) fn new(file_number: u64, offset: u64) -> Self {
        let register = place(file_number, offset);
        Self {
            register,
            last: 0,
            before: [register; 4],
            fed: 0,
        }
    }

    /// Takes the next byte; true where what has been fed may be a whole block.
    #[inline]
    pub(crate) fn feed(&mut self, byte: u8) -> bool {
        self.before = [
            self.before[1],
            self.before[2],
            self.before[3],
            self.register,
        ];
        self.register = step(self.register, byte);
        self.last = (self.last >> 8) | (u32::from(byte) << 24);
        self.fed += 1;
        self.fed > 4 && !self.before[0] == self.last
    }
}

/// A linear map of registers: what becomes of each bit.
#[derive(Debug, Clone)]
struct Map([u32; 32]);

impl Map {
    fn identity() -> Self {
        Self(std::array::from_fn(|bit| 1 << bit))
    }

    fn apply(&self, mut register: u32) -> u32 {
        let mut sum = 0;
        while register != 0 {
            sum ^= self.0[register.trailing_zeros() as usize];
            register &= register - 1;
        }
        sum
    }

    /// One more step back behind it all.
    fn step_back(&mut self) {
        for column in &mut self.0 {
            *column = step_back(*column);
        }
    }
}

/// The stretches of `window`, which stands at `offset` of file `file_number`, that may be blocks
/// with their checksums: start and end in the window, by rising start and then rising end.
pub(crate) fn pairs(file_number: u64, offset: u64, window: &[u8]) -> Vec<(usize, usize)> {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let (mut back, mut register) = (Map::identity(), 0);
    for (at, &byte) in window.iter().enumerate() {
        if let Some(checksum) = window.get(at..at + 4) {
            let checksum = checksum.try_into().map_or(0, u32::from_le_bytes);
            ends.push((back.apply(register ^ !checksum), at));
        }
        let start = place(file_number, offset + at as u64) ^ register;
        starts.push((back.apply(start), at));
        register = step(register, byte);
        back.step_back();
    }
    starts.sort_unstable();
    ends.sort_unstable();
    let mut found = Vec::new();
    for same in ends.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(number, _)) = same.first() else {
            continue;
        };
        let from = starts.partition_point(|start| start.0 < number);
        let starts = starts.get(from..).unwrap_or_default();
        for &(_, start) in starts.iter().take_while(|start| start.0 == number) {
            let ends = same.iter().filter(|(_, end)| *end > start);
            found.extend(ends.map(|&(_, end)| (start, end + 4)));
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::block_envelope::seal;
    use crate::format::compression::Compressor;

    fn sealed(number: u64, offset: u64, payload: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::default();
        let (packed, rest) = seal((number, offset), payload, &mut compressor);
        [packed, &rest].concat()
    }

    #[test]
    fn a_step_back_takes_back_a_step_over_a_zero_byte() {
        for register in [0, 1, 0xdead_beef, u32::MAX, 1 << 31] {
            assert_eq!(step_back(step(register, 0)), register);
        }
    }

    #[test]
    fn the_end_of_a_block_is_found_without_its_length() {
        for len in [0usize, 1, 2, 3, 4, 100, 5_000] {
            let payload: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
            let mut bytes = sealed(9, 4_096, &payload);
            let end = bytes.len();
            bytes.extend(b"what comes after it");
            let mut search = EndSearch::new(9, 4_096);
            let found = bytes.iter().position(|&byte| search.feed(byte));
            assert_eq!(found, Some(end - 1), "payload of {len}");
        }
    }

    #[test]
    fn blocks_are_found_behind_noise_of_unknown_length() {
        let mut window: Vec<u8> = (0..777u32).map(|i| ((i * i) >> 3) as u8).collect();
        let mut expected = Vec::new();
        for len in [40usize, 600, 3] {
            let block = sealed(3, 10_000 + window.len() as u64, &vec![len as u8; len]);
            expected.push((window.len(), window.len() + block.len()));
            window.extend(block);
        }
        let found = pairs(3, 10_000, &window);
        for pair in expected {
            assert!(found.contains(&pair), "{pair:?} in {found:?}");
        }
        assert!(pairs(4, 10_000, &window).len() < 3, "of another file");
    }
}
