//! The model in NeXosim, as its guide has it: nine agent models and a processor model, events between them and events of
//! their own for time; on one thread.

mod told;

use mqscript_plugin::random::{Stream, mix};
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSinkReader, EventSource, Output, SinkState, event_slot};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

const AGENTS: u64 = 9;
const WORKERS: usize = 64;
const RATE_PER_S: f64 = WORKERS as f64 * 0.95 / 0.0055;

fn now_ns<M: Model>(context: &Context<M>) -> u64 {
    let time = context.time();
    time.as_secs() as u64 * 1_000_000_000 + u64::from(time.subsec_nanos())
}

/// A stream that is told by how far it is: models of NeXosim can be saved.
#[derive(Serialize, Deserialize)]
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        let unit = Stream::from_key(self.0).unit();
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        unit
    }
}

#[derive(Serialize, Deserialize)]
struct Agent {
    sent: Output<u64>,
    draws: Draws,
    until_ns: u64,
}

#[Model]
impl Agent {
    async fn start(&mut self, _: (), context: &Context<Self>) {
        self.plan(context);
    }

    fn plan(&mut self, context: &Context<Self>) {
        let gap_s = -(1.0 - self.draws.unit()).ln() * AGENTS as f64 / RATE_PER_S;
        let gap = Duration::from_nanos(((gap_s * 1e9 + 0.5) as u64).max(1));
        context.schedule_event(gap, schedulable!(Self::arrive), ()).expect("a gap lies ahead");
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, _: (), context: &Context<Self>) {
        let now_ns = now_ns(context);
        if now_ns < self.until_ns {
            self.sent.send(now_ns).await;
            self.plan(context);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Processor {
    draws: Draws,
    queue: VecDeque<u64>,
    busy: usize,
    generated: u64,
    delivered: u64,
    waited_ns: u64,
    figures: Output<(u64, u64, u64)>,
}

#[Model]
impl Processor {
    async fn enqueue(&mut self, arrived_ns: u64, context: &Context<Self>) {
        self.generated += 1;
        self.queue.push_back(arrived_ns);
        self.process(context);
    }

    fn process(&mut self, context: &Context<Self>) {
        while self.busy < WORKERS {
            let Some(arrived_ns) = self.queue.pop_front() else { return };
            self.busy += 1;
            self.waited_ns += now_ns(context) - arrived_ns;
            let latency = Duration::from_nanos(1_000_000 + (self.draws.unit() * 9e6) as u64);
            context.schedule_event(latency, schedulable!(Self::end), ()).expect("a latency lies ahead");
        }
    }

    #[nexosim(schedulable)]
    async fn end(&mut self, _: (), context: &Context<Self>) {
        self.busy -= 1;
        self.delivered += u64::from(self.draws.unit() < 0.95);
        self.process(context);
    }

    async fn tell(&mut self, _: ()) {
        self.figures.send((self.generated, self.delivered, self.waited_ns)).await;
    }
}

fn main() {
    let (messages, before) = (told::messages(), told::cpu_s());
    let until_ns = (messages / RATE_PER_S * 1e9) as u64;
    let mut simulation = SimInit::with_num_threads(1);
    let mut processor = Processor {
        draws: Draws(mix(told::seed())),
        queue: VecDeque::new(),
        busy: 0,
        generated: 0,
        delivered: 0,
        waited_ns: 0,
        figures: Output::default(),
    };
    let mailbox = Mailbox::new();
    let (sink, mut figures) = event_slot(SinkState::Enabled);
    processor.figures.connect_sink(sink);
    let mut starts = Vec::new();
    for number in 0..AGENTS {
        let mut agent =
            Agent { sent: Output::default(), draws: Draws(mix(told::seed() ^ (number + 1) << 32)), until_ns };
        agent.sent.connect(Processor::enqueue, &mailbox);
        let own = Mailbox::new();
        starts.push(EventSource::new().connect(Agent::start, &own).register(&mut simulation));
        simulation = simulation.add_model(agent, own, &format!("Agent-{}", number + 1));
    }
    let tell = EventSource::new().connect(Processor::tell, &mailbox).register(&mut simulation);
    simulation = simulation.add_model(processor, mailbox, "processor");
    let mut simulation = simulation.init(MonotonicTime::EPOCH).expect("the models are complete");
    for start in &starts {
        simulation.process_event(start, ()).expect("an agent starts");
    }
    simulation.step_until(Duration::from_nanos(until_ns + 1_000_000_000)).expect("the run ends");
    simulation.process_event(&tell, ()).expect("the processor tells");
    let (generated, delivered, waited_ns) = figures.try_read().expect("it has told");
    told::tell(generated, delivered, waited_ns as f64 / generated as f64, told::cpu_s() - before);
}
