//! At most so many at once: the rest waits its turn.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures_channel::oneshot;

use super::task::lock;

/// Hands out a limited number of permits, first come first served.
#[derive(Debug, Clone)]
pub struct Limit(Arc<Mutex<Queue>>);

#[derive(Debug)]
struct Queue {
    free: usize,
    waiting: VecDeque<oneshot::Sender<Permit>>,
}

/// Leave to go on; given back when dropped.
#[derive(Debug)]
pub struct Permit(Option<Limit>);

impl Limit {
    /// A limit of `size` at once.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            free: size,
            waiting: VecDeque::new(),
        })))
    }

    /// Waits for a permit.
    pub async fn permit(&self) -> Permit {
        let receiver = {
            let mut queue = lock(&self.0);
            if queue.free > 0 {
                queue.free -= 1;
                return Permit(Some(self.clone()));
            }
            let (sender, receiver) = oneshot::channel();
            queue.waiting.push_back(sender);
            receiver
        };
        // The sender lives in the queue as long as this limit does.
        receiver.await.unwrap_or(Permit(None))
    }

    fn give_back(&self) {
        loop {
            let next = {
                let mut queue = lock(&self.0);
                let next = queue.waiting.pop_front();
                if next.is_none() {
                    queue.free += 1;
                }
                next
            };
            let Some(sender) = next else { return };
            match sender.send(Permit(Some(self.clone()))) {
                Ok(()) => return,
                // Nobody waits there any more. Disarm before dropping: this loop gives it on.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(limit) = self.0.take() {
            limit.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn those_who_wait_have_their_turn_in_order() {
        let limit = Limit::new(1);
        let first = limit.permit().now_or_never();
        let mut second = Box::pin(limit.permit());
        let mut third = Box::pin(limit.permit());
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_none());
        let second = second.now_or_never();
        assert!(second.is_some());
        drop(second);
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn the_third_of_two_waits_its_turn_and_a_deserter_loses_nothing() {
        let limit = Limit::new(2);
        let one = limit.permit().now_or_never();
        let two = limit.permit().now_or_never();
        assert!(one.is_some() && two.is_some());
        let mut deserter = Box::pin(limit.permit());
        assert!(deserter.as_mut().now_or_never().is_none());
        let mut third = Box::pin(limit.permit());
        assert!(third.as_mut().now_or_never().is_none());
        drop(deserter);
        drop(one);
        let third = third.now_or_never();
        assert!(third.is_some());
        assert!(limit.permit().now_or_never().is_none(), "still two at once");
        drop((two, third));
        assert!(limit.permit().now_or_never().is_some());
    }
}
