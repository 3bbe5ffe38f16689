//! How fast a stream is taken: little by little once a frame, and a flood in pieces that leave each frame its time.

/// So many bytes are taken at once.
pub const PIECE: usize = 16 * 1024;
/// Whoever has read fewer has caught up with the server.
const LITTLE: usize = 4 * 1024;
/// Time that taking may need in one frame, in milliseconds.
const SHARE: i64 = 16;

/// Decides after each piece whether the next waits for a frame.
#[derive(Debug, Default)]
pub struct Pace {
    spent: i64,
}

impl Pace {
    /// Whether this is enough for one frame, after so many bytes were read and taking them took so long.
    pub fn is_enough(&mut self, bytes: usize, took: i64) -> bool {
        self.spent += took.max(0);
        let is_enough = bytes < LITTLE || self.spent >= SHARE;
        if is_enough {
            self.spent = 0;
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trickles_is_taken_once_a_frame() {
        let mut pace = Pace::default();
        assert!(pace.is_enough(100, 0) && pace.is_enough(100, 0));
    }

    #[test]
    fn a_flood_is_taken_until_its_share_of_the_frame_is_used_up() {
        let mut pace = Pace::default();
        let waits: Vec<bool> = (0..6).map(|_| pace.is_enough(PIECE, 6)).collect();
        assert_eq!(waits, [false, false, true, false, false, true]);
    }

    #[test]
    fn a_clock_that_is_set_back_gives_no_time() {
        let mut pace = Pace::default();
        assert!(!pace.is_enough(PIECE, -1_000));
        assert!(pace.is_enough(PIECE, SHARE));
    }
}
