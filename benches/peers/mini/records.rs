//! What is written down of each message, and what comes of it.

use super::model::{AGENTS, Message, REASONS};

/// What every program of the model must agree on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub generated: u64,
    pub delivered: u64,
    pub failed: u64,
    /// From arrival to acceptance.
    pub mean_wait_ns: f64,
    /// From arrival to delivery.
    pub mean_total_ns: f64,
}

/// How many there are, and the integral of that over time.
#[derive(Default)]
pub struct Occupancy {
    pub count: u64,
    since_ns: u64,
    integral: u128,
}

impl Occupancy {
    #[inline(always)]
    pub fn change(&mut self, now_ns: u64, by: i64) {
        self.integral += u128::from(self.count) * u128::from(now_ns - self.since_ns);
        self.since_ns = now_ns;
        self.count = self.count.wrapping_add_signed(by);
    }
}

const BUFFERED: usize = 64;

/// Counts in the buckets of HdrHistogram, with the exact sum, minimum and maximum, written 64 at a time.
struct Histogram<const SUB_BITS: u32> {
    buffer: [u64; BUFFERED],
    waiting: usize,
    counts: Vec<u32>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl<const SUB_BITS: u32> Histogram<SUB_BITS> {
    fn new() -> Self {
        let counts = vec![0; (64 - SUB_BITS as usize + 2) << (SUB_BITS - 1)];
        Histogram { buffer: [0; BUFFERED], waiting: 0, counts, count: 0, sum: 0, min: u64::MAX, max: 0 }
    }

    #[inline(always)]
    fn record(&mut self, value: u64) {
        self.buffer[self.waiting % BUFFERED] = value;
        self.waiting += 1;
        if self.waiting == BUFFERED {
            self.flush();
        }
    }

    #[inline(never)]
    fn flush(&mut self) {
        let (mut sum, mut min, mut max) = (0, self.min, self.max);
        for value in &self.buffer[..self.waiting] {
            sum += u128::from(*value);
            (min, max) = (min.min(*value), max.max(*value));
            let bucket = 64 - SUB_BITS - (value | ((1 << SUB_BITS) - 1)).leading_zeros();
            self.counts[((bucket as usize) << (SUB_BITS - 1)) + (value >> bucket) as usize] += 1;
        }
        self.sum += sum;
        (self.min, self.max) = (min, max);
        self.count += self.waiting as u64;
        self.waiting = 0;
    }

    fn mean(&mut self) -> f64 {
        self.flush();
        self.sum as f64 / self.count as f64
    }
}

/// What an agent sent.
#[derive(Clone, Default)]
pub struct AgentCounts {
    generated: u32,
    pub attempts: u32,
    answered: u32,
    delivered: u32,
    failed: u32,
    last_activity_ns: u64,
    total_sum_ns: u128,
    total_min_ns: u64,
    total_max_ns: u64,
}

/// What was addressed to an agent.
#[derive(Clone, Default)]
struct RecipientCounts {
    addressed: u32,
    delivered: u32,
    last_activity_ns: u64,
}

/// An interval of the run.
struct Point {
    generated: u64,
    delivered: u64,
    failed: u64,
    waiting_max: u64,
    total: Histogram<5>,
}

/// The most intervals kept.
const POINTS: u64 = 600;

pub struct Records {
    generated: u64,
    delivered: u64,
    failed: u64,
    by_reason: [u64; REASONS.len()],
    in_system_ns: u128,
    queue_wait: Histogram<11>,
    delivery: Histogram<11>,
    total: Histogram<11>,
    gave_up: Histogram<11>,
    pub agents: Vec<AgentCounts>,
    agent_totals: Vec<Histogram<8>>,
    recipients: Vec<RecipientCounts>,
    points: Vec<Point>,
    point: Point,
    interval_ns: u64,
    point_ends_ns: u64,
}

impl Point {
    fn new() -> Point {
        Point { generated: 0, delivered: 0, failed: 0, waiting_max: 0, total: Histogram::new() }
    }
}

impl Records {
    pub fn new(until_ns: u64) -> Records {
        let interval_ns = until_ns / POINTS + 1;
        Records {
            generated: 0,
            delivered: 0,
            failed: 0,
            by_reason: [0; REASONS.len()],
            in_system_ns: 0,
            queue_wait: Histogram::new(),
            delivery: Histogram::new(),
            total: Histogram::new(),
            gave_up: Histogram::new(),
            agents: vec![AgentCounts { total_min_ns: u64::MAX, ..AgentCounts::default() }; AGENTS],
            agent_totals: (0..AGENTS).map(|_| Histogram::new()).collect(),
            recipients: vec![RecipientCounts::default(); AGENTS],
            points: Vec::new(),
            point: Point::new(),
            interval_ns,
            point_ends_ns: interval_ns,
        }
    }

    #[inline(always)]
    fn point(&mut self, now_ns: u64) -> &mut Point {
        while now_ns >= self.point_ends_ns {
            self.points.push(std::mem::replace(&mut self.point, Point::new()));
            self.point_ends_ns += self.interval_ns;
        }
        &mut self.point
    }

    #[inline(always)]
    pub fn generated(&mut self, agent: u32, recipient: u32, now_ns: u64, waiting: u64) {
        self.generated += 1;
        let counts = &mut self.agents[agent as usize];
        counts.generated += 1;
        counts.last_activity_ns = now_ns;
        self.recipients[recipient as usize].addressed += 1;
        let point = self.point(now_ns);
        point.generated += 1;
        point.waiting_max = point.waiting_max.max(waiting);
    }

    #[inline(always)]
    pub fn ended(&mut self, message: &Message, now_ns: u64) {
        let total_ns = now_ns - message.intended_ns;
        self.in_system_ns += u128::from(total_ns);
        self.queue_wait.record(message.accepted_ns - message.intended_ns);
        self.delivery.record(now_ns - message.accepted_ns);
        let counts = &mut self.agents[message.agent as usize];
        counts.answered += 1;
        counts.last_activity_ns = now_ns;
        let recipient = &mut self.recipients[message.recipient as usize];
        recipient.last_activity_ns = now_ns;
        if message.reason != 0 {
            counts.failed += 1;
            self.failed += 1;
            self.by_reason[message.reason as usize - 1] += 1;
            self.gave_up.record(total_ns);
            self.point(now_ns).failed += 1;
            return;
        }
        counts.delivered += 1;
        counts.total_sum_ns += u128::from(total_ns);
        counts.total_min_ns = counts.total_min_ns.min(total_ns);
        counts.total_max_ns = counts.total_max_ns.max(total_ns);
        recipient.delivered += 1;
        self.delivered += 1;
        self.total.record(total_ns);
        self.agent_totals[message.agent as usize].record(total_ns);
        let point = self.point(now_ns);
        point.delivered += 1;
        point.total.record(total_ns);
    }

    /// The figures, after it was seen that the records agree with each other: none of them is idle.
    pub fn figures(mut self, waiting: &Occupancy, busy: &Occupancy) -> Figures {
        self.points.push(std::mem::replace(&mut self.point, Point::new()));
        let of_points = |of: fn(&Point) -> u64| self.points.iter().map(of).sum::<u64>();
        assert_eq!(of_points(|point| point.generated), self.generated);
        assert_eq!(of_points(|point| point.delivered), self.delivered);
        assert_eq!(of_points(|point| point.failed), self.failed);
        let of_agents = |of: fn(&AgentCounts) -> u32| self.agents.iter().map(of).map(u64::from).sum::<u64>();
        assert_eq!(of_agents(|agent| agent.generated), self.generated);
        assert_eq!(of_agents(|agent| agent.attempts), of_agents(|agent| agent.answered));
        assert_eq!(of_agents(|agent| agent.delivered + agent.failed), self.generated);
        let of_recipients =
            |of: fn(&RecipientCounts) -> u32| self.recipients.iter().map(of).map(u64::from).sum();
        assert_eq!(
            (of_recipients(|to| to.addressed), of_recipients(|to| to.delivered)),
            (self.generated, self.delivered)
        );
        assert_eq!(self.by_reason.iter().sum::<u64>(), self.failed);
        assert_eq!(waiting.integral + busy.integral, self.in_system_ns);
        let (wait_ns, delivery_ns) = (self.queue_wait.mean(), self.delivery.mean());
        let in_system_ns = self.in_system_ns as f64 / self.generated as f64;
        assert!((wait_ns + delivery_ns - in_system_ns).abs() < 1.0);
        Figures {
            generated: self.generated,
            delivered: self.delivered,
            failed: self.failed,
            mean_wait_ns: wait_ns,
            mean_total_ns: self.total.mean(),
        }
    }
}
