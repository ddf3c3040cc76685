//! What the medium does for queues that are split into partitions: polls, members that are put out, and rebalancing.

use super::Medium;
use crate::copies::{NONE, Place};

/// How long it takes until a member that was put out, and settles nothing, is taken for restarted and joins again, in
/// nanoseconds: Kafka's `session.timeout.ms`.
const RESTARTS_AFTER_NS: u64 = 45_000_000_000;

impl Medium {
    /// A member that holds nothing takes what it may of its partitions.
    pub(super) fn poll_partitions(&mut self, agent: u32, now_ns: u64) {
        let (group, room) = (self.group_of(agent), self.prefetch_of(agent));
        if !self.holds_nothing(agent) || !self.partitions[group].is_member(agent) {
            return;
        }
        let open: Vec<u32> = self.partitions[group].open_to(agent).collect();
        let mut batch = Vec::new();
        for queue in open {
            while batch.len() < room
                && let Some(id) = self.pop(queue)
            {
                batch.push(self.hand_over(id, agent, now_ns));
            }
        }
        self.partitions[group].set_batch(agent, batch);
    }

    /// A member has not settled in time all that it took: it is put out of its group.
    pub(super) fn puts_out(&mut self, agent: u32, now_ns: u64) {
        let group = self.group_of(agent);
        if !self.partitions[group].set_member(agent, false) {
            return;
        }
        self.take_away(agent, None, now_ns);
        self.joins_at(now_ns.saturating_add(RESTARTS_AFTER_NS), agent);
        self.rebalance(group, now_ns);
    }

    /// An agent that was put out of its group is a member again.
    pub(super) fn joins(&mut self, agent: u32, now_ns: u64) {
        let group = self.group_of(agent);
        if self.partitions[group].set_member(agent, true) {
            self.rebalance(group, now_ns);
        }
    }

    /// A settlement of a copy that was taken away: it has no effect, but the agent that sends it polls again.
    pub(super) fn settles_what_was_taken(&mut self, tag: u64, now_ns: u64) {
        let agent = self.partitions.iter_mut().find_map(|partitions| partitions.was_taken_from(tag));
        if let Some(agent) = agent {
            self.joins(agent, now_ns);
        }
    }

    /// Partitions go to other members, and with them what was taken of them and is not settled.
    fn rebalance(&mut self, group: usize, now_ns: u64) {
        for (queue, agent) in self.partitions[group].assign() {
            self.take_away(agent, Some(queue), now_ns);
        }
        for agent in self.partitions[group].agents() {
            self.poll_partitions(agent, now_ns);
        }
    }

    /// Takes from an agent what it has not settled, of one partition or of all. It stands at the head of its partition again,
    /// in order.
    fn take_away(&mut self, agent: u32, queue: Option<u32>, now_ns: u64) {
        let group = self.group_of(agent);
        let batch = self.partitions[group].take_batch(agent);
        let mut kept = Vec::new();
        for tag in batch.into_iter().rev() {
            let Some(id) = self.copies.of_tag(tag).filter(|id| self.copies[*id].place == Place::Held) else {
                continue;
            };
            if queue.is_some_and(|queue| queue != self.copies[id].queue) {
                kept.push(tag);
                continue;
            }
            self.partitions[group].takes_away(tag, agent);
            self.is_taken_away(id, now_ns);
        }
        kept.reverse();
        self.partitions[group].set_batch(agent, kept);
    }

    /// A copy whose owner has lost it stands at the head of its partition, or is given up.
    fn is_taken_away(&mut self, id: u32, now_ns: u64) {
        if self.was_handed_over_too_often(id) {
            self.let_go(id);
            self.gives_up_for_count(id, now_ns);
            return;
        }
        self.let_go(id);
        let copy = &mut self.copies[id];
        // Its tag is no longer known.
        copy.epoch = copy.epoch.wrapping_add(1);
        let queue = copy.queue;
        self.put_at_head(queue, id);
    }

    /// Whether a queue is a partition; then the number of its group.
    pub(super) fn group_of_queue(&self, queue: u32) -> Option<usize> {
        self.partitions.iter().position(|partitions| partitions.has(queue))
    }

    /// The member to which a partition belongs takes from it, if it can.
    pub(super) fn serve_partition(&mut self, group: usize, queue: u32, now_ns: u64) {
        let owner = self.partitions[group].owner(queue);
        if owner != NONE {
            self.poll_partitions(owner, now_ns);
        }
    }
}
