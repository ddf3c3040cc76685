//! The queue of a group, split into partitions as a Kafka consumer group has them.
//!
//! A message goes to the partition of its sender. A partition belongs to one member of the group, which takes the next
//! copies only when it has settled all that it took before (it *polls*). A member that does not poll in time is put out:
//! its partitions go to the others, with all that it has not settled, in order. It joins again with its next settlement,
//! or when it would be taken for restarted; then partitions change hands once more.

use crate::copies::NONE;
use std::collections::HashMap;
use std::ops::Range;

/// The partitions of one group's queue.
#[derive(Debug)]
pub struct Partitions {
    /// The number of the queue that is the first partition; the others follow.
    pub first: u32,
    agents: Range<u32>,
    /// The member to which each partition belongs; [`NONE`] if there is no member.
    owners: Vec<u32>,
    /// For each partition, the number of copies at its head that wait for their delay: nothing overtakes them.
    stalled: Vec<u32>,
    /// Whether each agent is a member.
    is_member: Vec<bool>,
    /// The tags that each agent got at its last poll, in order.
    batches: Vec<Vec<u64>>,
    /// The tags of copies that were taken away from an agent.
    taken_away: HashMap<u64, u32>,
}

impl Partitions {
    /// So many partitions, from the queue `first` on, for these agents, who all are members.
    pub fn new(first: u32, partitions: u32, agents: Range<u32>) -> Partitions {
        let members = agents.len();
        let mut new = Partitions {
            first,
            agents,
            owners: vec![NONE; partitions as usize],
            stalled: vec![0; partitions as usize],
            is_member: vec![true; members],
            batches: vec![Vec::new(); members],
            taken_away: HashMap::new(),
        };
        new.assign();
        new
    }

    /// The queue that is the partition of a sender.
    pub fn queue_for(&self, sender: u32) -> u32 {
        self.first + sender % self.owners.len() as u32
    }

    /// Whether a queue is one of these partitions.
    pub fn has(&self, queue: u32) -> bool {
        (self.first..self.first + self.owners.len() as u32).contains(&queue)
    }

    /// The member to which a partition belongs, by its queue; [`NONE`] if there is none.
    pub fn owner(&self, queue: u32) -> u32 {
        self.owners[(queue - self.first) as usize]
    }

    /// The queues from which a member may take copies now.
    pub fn open_to(&self, agent: u32) -> impl Iterator<Item = u32> {
        let open = self.owners.iter().zip(&self.stalled).enumerate();
        let its = open.filter(move |(_, (owner, stalled))| **owner == agent && **stalled == 0);
        its.map(|(partition, _)| self.first + partition as u32)
    }

    /// A copy at the head of a partition waits for its delay, or waits no longer.
    pub fn stalls(&mut self, queue: u32, begins: bool) {
        let stalled = &mut self.stalled[(queue - self.first) as usize];
        if begins {
            *stalled += 1;
        } else {
            *stalled -= 1;
        }
    }

    fn place(&self, agent: u32) -> usize {
        (agent - self.agents.start) as usize
    }

    /// Whether an agent is a member.
    pub fn is_member(&self, agent: u32) -> bool {
        self.is_member[self.place(agent)]
    }

    /// Puts an agent out of the group, or lets it in again. Returns whether that is new.
    pub fn set_member(&mut self, agent: u32, is_member: bool) -> bool {
        let place = self.place(agent);
        std::mem::replace(&mut self.is_member[place], is_member) != is_member
    }

    /// What an agent got at its last poll; it is forgotten here.
    pub fn take_batch(&mut self, agent: u32) -> Vec<u64> {
        let place = self.place(agent);
        std::mem::take(&mut self.batches[place])
    }

    /// What an agent got at its last poll.
    pub fn set_batch(&mut self, agent: u32, tags: Vec<u64>) {
        let place = self.place(agent);
        self.batches[place] = tags;
    }

    /// Notes that the copy of a tag was taken away from an agent.
    pub fn takes_away(&mut self, tag: u64, agent: u32) {
        self.taken_away.insert(tag, agent);
    }

    /// The agent from whom the copy of a tag was taken away; it is forgotten here.
    pub fn was_taken_from(&mut self, tag: u64) -> Option<u32> {
        self.taken_away.remove(&tag)
    }

    /// Distributes the partitions among the members, in turns. Returns the queues that go from one agent to another, each
    /// with the agent that had it.
    pub fn assign(&mut self) -> Vec<(u32, u32)> {
        let members: Vec<u32> =
            self.agents.clone().zip(&self.is_member).filter(|(_, is)| **is).map(|(agent, _)| agent).collect();
        let mut changed = Vec::new();
        for (partition, owner) in self.owners.iter_mut().enumerate() {
            let new = match members.len() {
                0 => NONE,
                n => members[partition % n],
            };
            let old = std::mem::replace(owner, new);
            if old != new && old != NONE {
                changed.push((self.first + partition as u32, old));
            }
        }
        changed
    }

    /// All agents of the group.
    pub fn agents(&self) -> Range<u32> {
        self.agents.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_go_to_the_members_in_turns() {
        let mut partitions = Partitions::new(10, 5, 3..6);
        let owners =
            |partitions: &Partitions| (10..15).map(|queue| partitions.owner(queue)).collect::<Vec<_>>();
        assert_eq!(owners(&partitions), [3, 4, 5, 3, 4]);
        assert_eq!((partitions.queue_for(7), partitions.has(14), partitions.has(15)), (12, true, false));
        assert!(partitions.set_member(4, false) && !partitions.set_member(4, false));
        assert_eq!(partitions.assign(), [(11, 4), (12, 5), (13, 3), (14, 4)]);
        assert_eq!(owners(&partitions), [3, 5, 3, 5, 3]);
        (3..6).for_each(|agent| {
            partitions.set_member(agent, false);
        });
        partitions.assign();
        assert_eq!(owners(&partitions), [NONE; 5]);
    }

    #[test]
    fn nothing_is_taken_from_a_partition_that_stalls() {
        let mut partitions = Partitions::new(0, 4, 0..2);
        partitions.stalls(0, true);
        partitions.stalls(0, true);
        partitions.stalls(0, false);
        assert_eq!(partitions.open_to(0).collect::<Vec<_>>(), [2]);
        partitions.stalls(0, false);
        assert_eq!(partitions.open_to(0).collect::<Vec<_>>(), [0, 2]);
    }
}
