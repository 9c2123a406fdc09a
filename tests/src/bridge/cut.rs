//! Cutting octets at arbitrary places, the same ones for the same seed.

use bytes::Bytes;

use super::Cut;

/// Says where the next cuts are.
#[derive(Debug, Clone)]
pub(super) struct Cuts {
    /// The state of a small generator; `None`: nothing is cut.
    state: Option<u64>,
}

impl Cuts {
    /// Each connection of a bridge has cuts of its own.
    pub(super) fn new(cut: Cut, connection: u64) -> Self {
        let state = match cut {
            Cut::AsTheyCome => None,
            // Zero would stay zero.
            Cut::Anywhere(seed) => Some((seed ^ connection.rotate_left(32)) | 1),
        };
        Self { state }
    }

    /// How long the next piece is: mostly few octets, now and then many, so that large bodies arrive today.
    fn length(&mut self) -> usize {
        let Some(state) = &mut self.state else { return usize::MAX };
        // Marsaglia's xorshift.
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let short = usize::try_from(*state % 64).unwrap_or_default() + 1;
        if *state & 0x700 == 0 { short * 512 } else { short }
    }

    /// The pieces of these octets, in order.
    pub(super) fn cut(&mut self, mut octets: Bytes) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        while !octets.is_empty() {
            let length = self.length().min(octets.len());
            pieces.push(octets.split_to(length));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_in_another_cut() {
        let octets = Bytes::from((0..100_000u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        let pieces = Cuts::new(Cut::Anywhere(7), 1).cut(octets.clone());
        assert!(pieces.len() > 100 && pieces.iter().any(|piece| piece.len() == 1));
        assert_eq!(pieces.concat(), octets);
        assert_eq!(Cuts::new(Cut::AsTheyCome, 1).cut(octets.clone()), [octets]);
    }
}
