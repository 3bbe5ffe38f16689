//! A server whose session lives, and what this side does about what it says.

use enfilade::core::rpc::cascade::{Action, Asked, Cascade, Read, Seen, Source, Verdict};
use enfilade::core::rpc::classify::RpcErrorKind as Kind;
use enfilade::core::session::machine::Epoch;

/// A server whose session lives, and what this side does about what it says.
pub struct Scene {
    pub cascade: Cascade,
    pub now: i64,
    /// What it answers when asked whether it holds a session, in turn. It never denies it three times over.
    pub reads: Vec<Read>,
    /// What the call that needs the session comes to, in turn.
    pub asked: Vec<Asked>,
    pub step: usize,
    pub ends: usize,
}

impl Scene {
    pub fn new() -> Self {
        Self {
            cascade: Cascade::new(),
            now: 0,
            reads: vec![Read::Gone, Read::Gone, Read::Held, Read::Failed],
            asked: vec![Asked::Good, Asked::Unsure],
            step: 0,
            ends: 0,
        }
    }

    pub fn signed_in() -> Self {
        let mut scene = Self::new();
        scene.snapshot();
        scene
    }

    pub fn snapshot(&mut self) {
        let epoch = self.cascade.epoch();
        let seen = Seen::Session { is_local: false };
        let actions = self.cascade.snapshot(seen, epoch, self.now);
        self.carry_out(actions);
    }

    pub fn tell(&mut self, kind: Kind, epoch: Epoch) {
        let Some(certainty) = kind.expiry() else {
            return;
        };
        let source = Source::Stream;
        let verdict = Verdict {
            certainty,
            source,
            epoch,
        };
        let actions = self.cascade.verdict(verdict, self.now);
        self.carry_out(actions);
    }

    pub fn carry_out(&mut self, mut actions: Vec<Action>) {
        let mut gone = 0;
        while !actions.is_empty() {
            self.step += 1;
            let more = match actions.remove(0) {
                Action::Read(attempt) => {
                    let mut read = self.reads[self.step % self.reads.len()];
                    gone = if read == Read::Gone { gone + 1 } else { 0 };
                    if gone > 2 {
                        read = Read::Held;
                    }
                    self.cascade.read(attempt, read, self.now)
                }
                Action::Wait(attempt, ms) => {
                    self.now += i64::from(ms);
                    self.cascade.waited(attempt)
                }
                Action::Ask(attempt) => {
                    let asked = self.asked[self.step % self.asked.len()];
                    self.cascade.asked(attempt, asked, self.now)
                }
                Action::Clear { .. } => {
                    self.ends += 1;
                    Vec::new()
                }
                Action::Keep(..) | Action::Report(_) => Vec::new(),
            };
            actions.extend(more);
        }
    }
}
