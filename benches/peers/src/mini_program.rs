//! The yardstick as a program of its own.

#[path = "../mini/mod.rs"]
mod mini;
mod told;

fn main() {
    let before = told::cpu_s();
    let mini::Figures { generated, delivered, mean_wait_ns, .. } = mini::play(told::messages(), told::seed());
    told::tell(generated, delivered, mean_wait_ns, told::cpu_s() - before);
}
