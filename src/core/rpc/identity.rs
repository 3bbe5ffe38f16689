//! Whose things are on show, and what follows when the server's session becomes that of somebody else.

/// What follows when a snapshot names who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flip {
    /// Nothing: the same person, or nobody still.
    Same,
    /// The first person seen here: note them and load their lists.
    First,
    /// Another person than the one whose things were loaded: note them, drop all that is held of the other in memory and every stream,
    /// load anew. What is stored of the other stays theirs.
    Other,
    /// Nobody any more: end the streams and keep what is on show, for whoever signs in again.
    Gone,
    /// The same person again after nobody: load their lists anew, keep what is selected.
    Back,
}

/// The person whose things are loaded, and whether they are signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    seed: Option<String>,
    is_here: bool,
    generation: u32,
}

impl Person {
    /// With the person noted by an earlier visit, whose things may be in storage.
    #[must_use]
    pub fn new(seed: Option<String>) -> Self {
        Self {
            seed,
            is_here: false,
            generation: 0,
        }
    }

    /// The person to note for the next visit.
    #[must_use]
    pub fn seed(&self) -> Option<&str> {
        self.seed.as_deref()
    }

    /// Counts the flips: what was asked for in another generation is dropped when it comes.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Takes who is signed in now; a blank name is nobody. A local session takes over what is there, whoever's it was.
    pub fn take(&mut self, user: Option<&str>, is_local: bool) -> Flip {
        let user = user.map(str::trim).filter(|user| !user.is_empty());
        let Some(user) = user else {
            return self.flip(false, Flip::Gone);
        };
        let flip = match self.seed.as_deref() {
            None => Flip::First,
            Some(seed) if seed != user && !is_local => Flip::Other,
            _ => Flip::Back,
        };
        self.seed = Some(user.to_owned());
        match flip {
            Flip::Back => self.flip(true, flip),
            _ => {
                self.is_here = true;
                self.generation = self.generation.wrapping_add(1);
                flip
            }
        }
    }

    fn flip(&mut self, is_here: bool, flip: Flip) -> Flip {
        if std::mem::replace(&mut self.is_here, is_here) == is_here {
            return Flip::Same;
        }
        self.generation = self.generation.wrapping_add(1);
        flip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flips(seed: Option<&str>, users: &[Option<&str>]) -> Vec<Flip> {
        let mut person = Person::new(seed.map(str::to_owned));
        users.iter().map(|user| person.take(*user, false)).collect()
    }

    #[test]
    fn the_first_person_is_noted_and_nothing_starts_anew() {
        assert_eq!(
            flips(None, &[Some("a"), Some("a")]),
            [Flip::First, Flip::Same]
        );
    }

    #[test]
    fn a_person_found_again_after_a_reload_has_their_lists_loaded() {
        assert_eq!(
            flips(Some("a"), &[Some("a"), Some("a")]),
            [Flip::Back, Flip::Same]
        );
    }

    #[test]
    fn another_person_finds_nothing_of_the_one_before() {
        assert_eq!(
            flips(Some("a"), &[Some("a"), Some("b")]),
            [Flip::Back, Flip::Other]
        );
        assert_eq!(
            flips(None, &[Some("a"), None, Some("b")]),
            [Flip::First, Flip::Gone, Flip::Other],
            "with a sign-out between"
        );
    }

    #[test]
    fn the_same_person_after_a_sign_out_goes_on() {
        assert_eq!(
            flips(None, &[Some("a"), None, None, Some(" "), Some("a")]),
            [Flip::First, Flip::Gone, Flip::Same, Flip::Same, Flip::Back]
        );
    }

    #[test]
    fn a_local_session_takes_over_what_is_there() {
        let mut person = Person::new(Some("a".into()));
        assert_eq!(person.take(Some("local"), true), Flip::Back);
        assert_eq!(person.seed(), Some("local"));
    }

    #[test]
    fn each_flip_has_a_generation_of_its_own() {
        let mut person = Person::new(None);
        let mut seen = vec![person.generation()];
        for user in [Some("a"), Some("a"), None, Some("a"), Some("b")] {
            person.take(user, false);
            seen.push(person.generation());
        }
        assert_eq!(seen, [0, 1, 1, 2, 3, 4]);
    }
}
