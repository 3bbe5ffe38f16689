//! Finds all patterns of the table in one pass over a text, without regard to case.

/// A pattern, named by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needle {
    SessionExpired,
    Sentinel,
    NoBackendToken,
    NoStoredToken,
    JwtRequired,
    BackendRejected,
    Status401,
    Unauthorized,
    InvalidToken,
    BadToken,
    Status429,
    RateBlank,
    RateDash,
    RateOne,
    BudgetExceeded,
    InsufficientBudget,
    OwnLimit,
    SendingRequest,
    ClientConnect,
    TimedOut,
    Refused,
}

/// In lower case, in the order of [`Needle`].
const NEEDLES: [(Needle, &str); 21] = [
    (Needle::SessionExpired, "session expired"),
    (Needle::Sentinel, "session_expired"),
    (Needle::NoBackendToken, "no backend session token"),
    (Needle::NoStoredToken, "no session token stored"),
    (Needle::JwtRequired, "session jwt required"),
    (Needle::BackendRejected, "backend rejected session token"),
    (Needle::Status401, "401"),
    (Needle::Unauthorized, "unauthorized"),
    (Needle::InvalidToken, "invalid token"),
    (Needle::BadToken, "bad token"),
    (Needle::Status429, "429"),
    (Needle::RateBlank, "rate limit"),
    (Needle::RateDash, "rate-limit"),
    (Needle::RateOne, "ratelimit"),
    (Needle::BudgetExceeded, "budget exceeded"),
    (Needle::InsufficientBudget, "insufficient budget"),
    (Needle::OwnLimit, "timed out after "),
    (Needle::SendingRequest, "error sending request"),
    (Needle::ClientConnect, "client error (connect)"),
    (Needle::TimedOut, "timed out"),
    (Needle::Refused, "econnrefused"),
];

/// Where the patterns are.
#[derive(Debug)]
pub(super) struct Marks {
    /// First and last place of each, in the order of [`NEEDLES`].
    places: [Option<(usize, usize)>; NEEDLES.len()],
    /// The text says that a limit of this side has passed (`timed out after 30000ms`).
    pub(super) own_limit: bool,
    /// How many bytes were compared.
    pub(super) steps: usize,
}

impl Marks {
    /// Goes over the text once. At each byte only the patterns that begin with it are tried, so the work is bounded by the length of the
    /// text times that of the patterns.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut marks = Self {
            places: [None; NEEDLES.len()],
            own_limit: false,
            steps: 0,
        };
        for at in 0..bytes.len() {
            marks.steps += 1;
            for (slot, (needle, pattern)) in NEEDLES.iter().enumerate() {
                let Some(rest) = marks.rest_after(bytes.get(at..).unwrap_or_default(), pattern)
                else {
                    continue;
                };
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                if is_number(*needle) && (is_digit(before) || is_digit(rest.first())) {
                    continue;
                }
                if *needle == Needle::OwnLimit {
                    marks.own_limit |= marks.is_milliseconds(rest);
                }
                if let Some(place) = marks.places.get_mut(slot) {
                    *place = Some((place.map_or(at, |(first, _)| first), at));
                }
            }
        }
        marks
    }

    pub(super) fn has(&self, needle: Needle) -> bool {
        self.place(needle).is_some()
    }

    pub(super) fn starts_with(&self, needle: Needle) -> bool {
        self.place(needle).is_some_and(|(first, _)| first == 0)
    }

    /// Whether the second is found behind the first.
    pub(super) fn comes_after(&self, first: Needle, second: Needle) -> bool {
        match (self.place(first), self.place(second)) {
            (Some((first, _)), Some((_, last))) => last > first,
            _ => false,
        }
    }

    fn place(&self, needle: Needle) -> Option<(usize, usize)> {
        let slot = NEEDLES.iter().position(|(known, _)| *known == needle)?;
        self.places.get(slot).copied().flatten()
    }

    fn rest_after<'a>(&mut self, bytes: &'a [u8], pattern: &str) -> Option<&'a [u8]> {
        if bytes.first().map(u8::to_ascii_lowercase) != pattern.bytes().next() {
            return None;
        }
        for (index, wanted) in pattern.bytes().enumerate() {
            self.steps += 1;
            if bytes.get(index).map(u8::to_ascii_lowercase) != Some(wanted) {
                return None;
            }
        }
        bytes.get(pattern.len()..)
    }

    fn is_milliseconds(&mut self, rest: &[u8]) -> bool {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.steps += digits;
        let unit = rest.get(digits..digits.saturating_add(2));
        digits > 0 && unit.is_some_and(|unit| unit.eq_ignore_ascii_case(b"ms"))
    }
}

/// A status is a number of its own, not a part of a longer one.
fn is_number(needle: Needle) -> bool {
    matches!(needle, Needle::Status401 | Needle::Status429)
}

fn is_digit(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_digit)
}
