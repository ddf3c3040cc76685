// The model as one writes it by hand in C++: a loop over a `std::priority_queue` of events, two for each message, and sums.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <queue>
#include <random>
#include <vector>

constexpr int AGENTS = 9, WORKERS = 64;
constexpr double RATE_PER_S = WORKERS * 0.95 / 0.0055;

struct Event {
    double time_s;
    uint64_t created;
    int agent;  // -1: a worker is done
};

struct Later {
    bool operator()(const Event& one, const Event& other) const {
        return one.time_s > other.time_s || (one.time_s == other.time_s && one.created > other.created);
    }
};

int main(int argc, char** argv) {
    const double messages = argc > 1 ? std::atof(argv[1]) : 1e6;
    std::mt19937_64 draws(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    const std::clock_t before = std::clock();
    const double until_s = messages / RATE_PER_S;
    std::exponential_distribution<double> gap_s(RATE_PER_S / AGENTS);
    std::uniform_real_distribution<double> latency_s(0.001, 0.010), unit(0, 1);
    std::priority_queue<Event, std::vector<Event>, Later> events;
    uint64_t created = 0, generated = 0, delivered = 0;
    for (int agent = 0; agent < AGENTS; agent++) events.push({gap_s(draws), created++, agent});
    std::deque<double> queue;
    int busy = 0;
    double waited_s = 0;
    while (!events.empty()) {
        const Event event = events.top();
        events.pop();
        const double now_s = event.time_s;
        if (event.agent < 0) {
            busy--;
            delivered += unit(draws) < 0.95;
        } else if (now_s < until_s) {
            generated++;
            events.push({now_s + gap_s(draws), created++, event.agent});
            queue.push_back(now_s);
        }
        while (busy < WORKERS && !queue.empty()) {
            waited_s += now_s - queue.front();
            queue.pop_front();
            busy++;
            events.push({now_s + latency_s(draws), created++, -1});
        }
    }
    const double cpu_s = double(std::clock() - before) / CLOCKS_PER_SEC;
    std::printf("{\"generated\": %llu, \"delivered\": %llu, \"mean_wait_ms\": %.9f, \"cpu_s\": %.6f}\n",
                (unsigned long long)generated, (unsigned long long)delivered, 1e3 * waited_s / generated, cpu_s);
}
