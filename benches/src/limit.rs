//! The limit: the smallest loop that does what W1, W2 and W3 do, written by hand, with no engine at all.
//!
//! Xoshiro256++, ziggurat, whole nanoseconds in a `u64`, the mean sojourn and nothing else. Every loop is checked against
//! theory, or against the engine, so that what it leaves out is only what nobody asked for.

use floodgate_core::dist::exponential;
use floodgate_core::rng::Source;

/// What a loop found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Customers served (W1, W2), or requests born (W3).
    pub customers: u64,
    /// Their mean sojourn in seconds.
    pub mean: f64,
    /// Attempts given up.
    pub timeouts: u64,
}

/// Xoshiro256++ (Blackman and Vigna, public domain).
#[derive(Clone, Debug)]
pub struct Xoshiro([u64; 4]);

impl Xoshiro {
    /// Seeded by SplitMix64, as its authors advise.
    #[must_use]
    pub fn new(seed: u64) -> Xoshiro {
        let mut state = seed;
        Xoshiro([(); 4].map(|()| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ z >> 31
        }))
    }
}

impl Source for Xoshiro {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }
}

/// The ziggurat of the core with this generator: the same table, the same rejection.
#[inline(always)]
fn after(rng: &mut Xoshiro, mean_ns: f64) -> u64 {
    (exponential(rng) * mean_ns) as u64
}

const SECOND: f64 = 1e9;
const NEVER: u64 = u64::MAX;
/// Rings are indexed by a `u16`, which needs neither a mask nor a check.
const RING: usize = 1 << 16;

/// M/M/1 with λ = 0.9 and μ = 1 until `customers` have been served.
#[must_use]
pub fn w1(customers: u64, seed: u64) -> Found {
    let mut rng = Xoshiro::new(seed);
    let mut came = vec![0u64; RING].into_boxed_slice();
    let came: &mut [u64; RING] = ring(&mut came);
    let (mut head, mut tail) = (0u16, 0u16);
    let (mut arrival, mut departure) = (after(&mut rng, SECOND / 0.9), NEVER);
    let (mut served, mut sum) = (0u64, 0u64);
    while served < customers {
        if arrival < departure {
            let now = arrival;
            if head == tail {
                departure = now + after(&mut rng, SECOND);
            }
            came[tail as usize] = now;
            tail = tail.wrapping_add(1);
            assert_ne!(head, tail, "the ring is far longer than any queue at ρ = 0.9");
            arrival = now + after(&mut rng, SECOND / 0.9);
        } else {
            sum += departure - came[head as usize];
            head = head.wrapping_add(1);
            served += 1;
            departure = if head == tail { NEVER } else { departure + after(&mut rng, SECOND) };
        }
    }
    Found { customers, mean: sum as f64 / SECOND / customers as f64, timeouts: 0 }
}

/// M/M/8 with ρ = 0.9 until `customers` have been served.
#[must_use]
pub fn w2(customers: u64, seed: u64) -> Found {
    let mut rng = Xoshiro::new(seed);
    let mut came = vec![0u64; RING].into_boxed_slice();
    let came: &mut [u64; RING] = ring(&mut came);
    let (mut head, mut tail) = (0u16, 0u16);
    let (mut ends, mut of) = ([NEVER; 8], [0u64; 8]);
    let (mut first, mut departure) = (0usize, NEVER);
    let mut arrival = after(&mut rng, SECOND / 7.2);
    let (mut served, mut sum, mut idle) = (0u64, 0u64, 0xffu32);
    while served < customers {
        if arrival < departure {
            let now = arrival;
            if idle != 0 {
                let server = idle.trailing_zeros() as usize & 7;
                idle &= idle - 1;
                of[server] = now;
                ends[server] = now + after(&mut rng, SECOND);
                if ends[server] < departure {
                    (first, departure) = (server, ends[server]);
                }
            } else {
                came[tail as usize] = now;
                tail = tail.wrapping_add(1);
                assert_ne!(head, tail, "the ring is far longer than any queue at ρ = 0.9");
            }
            arrival = now + after(&mut rng, SECOND / 7.2);
        } else {
            sum += departure - of[first & 7];
            served += 1;
            if head == tail {
                idle |= 1 << first;
                ends[first & 7] = NEVER;
            } else {
                of[first & 7] = came[head as usize];
                head = head.wrapping_add(1);
                ends[first & 7] = departure + after(&mut rng, SECOND);
            }
            (first, departure) = (0, ends[0]);
            for (server, &end) in ends.iter().enumerate() {
                if end < departure {
                    (first, departure) = (server, end);
                }
            }
        }
    }
    Found { customers, mean: sum as f64 / SECOND / customers as f64, timeouts: 0 }
}

fn ring(memory: &mut [u64]) -> &mut [u64; RING] {
    // The length is right by construction; without it the compiler would check every index.
    memory.try_into().unwrap_or_else(|_| unreachable!("a ring has its length"))
}

/// Completions of a fixed number of servers: a winner tree, each leaf a time with the number of its server below.
struct Ends {
    tree: [u64; 2 * LEAVES],
}

const LEAVES: usize = 128;
const LEAF_BITS: u32 = 7;

impl Ends {
    #[inline(always)]
    fn set(&mut self, server: usize, time: u64) {
        let mut winner = if time == NEVER { NEVER } else { time << LEAF_BITS | server as u64 };
        let mut place = (LEAVES + server) & (2 * LEAVES - 1);
        self.tree[place] = winner;
        while place > 1 {
            winner = winner.min(self.tree[place ^ 1]);
            place >>= 1;
            self.tree[place] = winner;
        }
    }
}

const REPLICAS: usize = 10;
const WORKERS: usize = 8;
const WEB: usize = REPLICAS * WORKERS;
const DATABASE: usize = 32;
const PATIENCE: u64 = 250_000_000;
const BACKOFF: f64 = 100e6;
const RETRIES: u8 = 2;
const QUEUE: usize = 1 << 12;

#[derive(Clone, Copy, Default)]
struct Attempt {
    born: u64,
    sent: u64,
    number: u8,
    done: bool,
}

struct W3 {
    rng: Xoshiro,
    now: u64,
    /// Attempts by number; those before `patient` have been answered or given up.
    attempts: Box<[Attempt]>,
    patient: u64,
    next: u64,
    turn: usize,
    ends: Ends,
    idle: [u8; REPLICAS],
    queues: Box<[[u64; QUEUE]; REPLICAS]>,
    spans: [(u16, u16); REPLICAS],
    /// What each worker works on.
    holds: [u64; WEB],
    idle_database: u32,
    queue_database: [u8; 256],
    span_database: (u8, u8),
    serves: [u8; DATABASE],
    /// Retries that wait: (time, born, number), sorted, and mostly none.
    retries: Vec<(u64, u64, u8)>,
    sum: u64,
    answered: u64,
    timeouts: u64,
}

impl W3 {
    #[inline(always)]
    fn send(&mut self, born: u64, number: u8) {
        let attempt = self.next;
        self.next += 1;
        self.attempts[attempt as usize & (RING - 1)] = Attempt { born, sent: self.now, number, done: false };
        assert!(self.next - self.patient < RING as u64, "the ring holds all attempts of 250 ms");
        self.turn = if self.turn == REPLICAS - 1 { 0 } else { self.turn + 1 };
        let replica = self.turn;
        if self.idle[replica] != 0 {
            let worker = self.idle[replica].trailing_zeros() as usize;
            self.idle[replica] &= self.idle[replica] - 1;
            self.work(replica * WORKERS + worker, attempt);
        } else {
            let (head, tail) = &mut self.spans[replica];
            self.queues[replica][*tail as usize & (QUEUE - 1)] = attempt;
            *tail = tail.wrapping_add(1);
            assert!(tail.wrapping_sub(*head) < QUEUE as u16, "the queue is far longer than any at ρ = 0.9");
        }
    }

    #[inline(always)]
    fn work(&mut self, worker: usize, attempt: u64) {
        self.holds[worker] = attempt;
        let time = self.now + after(&mut self.rng, 8e6);
        self.ends.set(worker, time);
    }

    #[inline(always)]
    fn finish(&mut self, worker: usize) {
        let attempt = self.holds[worker];
        if attempt >= self.patient {
            let record = &mut self.attempts[attempt as usize & (RING - 1)];
            record.done = true;
            self.sum += self.now - record.born;
            self.answered += 1;
        }
        let replica = worker / WORKERS;
        let (head, tail) = &mut self.spans[replica];
        if head == tail {
            self.idle[replica] |= 1 << (worker % WORKERS);
            self.ends.set(worker, NEVER);
        } else {
            let attempt = self.queues[replica][*head as usize & (QUEUE - 1)];
            *head = head.wrapping_add(1);
            self.work(worker, attempt);
        }
    }

    #[inline(always)]
    fn query(&mut self, server: usize, worker: u8) {
        self.serves[server] = worker;
        let time = self.now + after(&mut self.rng, 5e6);
        self.ends.set(WEB + server, time);
    }

    #[inline(always)]
    fn ended(&mut self, server: usize) {
        if server >= WEB {
            let server = server - WEB;
            let worker = self.serves[server & (DATABASE - 1)] as usize;
            let (head, tail) = &mut self.span_database;
            if head == tail {
                self.idle_database |= 1 << server;
                self.ends.set(WEB + server, NEVER);
            } else {
                let waiting = self.queue_database[*head as usize];
                *head = head.wrapping_add(1);
                self.query(server, waiting);
            }
            self.finish(worker);
        } else if self.rng.unit() < 0.2 {
            self.ends.set(server, NEVER);
            if self.idle_database != 0 {
                let free = self.idle_database.trailing_zeros() as usize;
                self.idle_database &= self.idle_database - 1;
                self.query(free, server as u8);
            } else {
                // 80 workers have one query each at most.
                self.queue_database[self.span_database.1 as usize] = server as u8;
                self.span_database.1 = self.span_database.1.wrapping_add(1);
            }
        } else {
            self.finish(server);
        }
    }

    #[cold]
    fn give_up(&mut self, attempt: Attempt) {
        self.timeouts += 1;
        if attempt.number < RETRIES {
            let pause = BACKOFF * f64::from(1 << attempt.number) * self.rng.unit();
            let retry = (self.now + pause as u64, attempt.born, attempt.number + 1);
            let place = self.retries.partition_point(|r| r.0 > retry.0);
            self.retries.insert(place, retry);
        }
    }
}

/// W3 with `rate` arrivals a second for `seconds`.
#[must_use]
pub fn w3(rate: f64, seconds: u64, seed: u64) -> Found {
    let mut s = W3 {
        rng: Xoshiro::new(seed),
        now: 0,
        attempts: vec![Attempt::default(); RING].into_boxed_slice(),
        patient: 0,
        next: 0,
        turn: 0,
        ends: Ends { tree: [NEVER; 2 * LEAVES] },
        idle: [0xff; REPLICAS],
        queues: Box::new([[0; QUEUE]; REPLICAS]),
        spans: [(0, 0); REPLICAS],
        holds: [0; WEB],
        idle_database: u32::MAX,
        queue_database: [0; 256],
        span_database: (0, 0),
        serves: [0; DATABASE],
        retries: Vec::new(),
        sum: 0,
        answered: 0,
        timeouts: 0,
    };
    let until = seconds * 1_000_000_000;
    let mean = SECOND / rate;
    let mut born = 0u64;
    let mut arrival = after(&mut s.rng, mean);
    loop {
        let end = s.ends.tree[1] >> LEAF_BITS;
        let retry = s.retries.last().map_or(NEVER, |r| r.0);
        let next = arrival.min(end).min(retry);
        // Attempts that were answered leave by the front; one that was not is given up when its time comes.
        if s.patient < s.next {
            let front = s.attempts[s.patient as usize & (RING - 1)];
            if front.done {
                s.patient += 1;
                continue;
            }
            if front.sent + PATIENCE < next {
                s.patient += 1;
                s.now = front.sent + PATIENCE;
                s.give_up(front);
                continue;
            }
        }
        if next >= until {
            break;
        }
        s.now = next;
        if next == end {
            s.ended(s.ends.tree[1] as usize & (LEAVES - 1));
        } else if next == arrival {
            born += 1;
            arrival = next + after(&mut s.rng, mean);
            s.send(next, 0);
        } else if let Some((_, born, number)) = s.retries.pop() {
            s.send(born, number);
        }
    }
    Found { customers: born, mean: s.sum as f64 / SECOND / s.answered.max(1) as f64, timeouts: s.timeouts }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five standard errors by the asymptotic variance of the mean sojourn in M/M/1, and as much for M/M/8, whose errors
    /// are smaller.
    #[test]
    fn the_hand_written_loops_agree_with_theory() {
        let rho: f64 = 0.9;
        let variance = rho * (2.0 + 5.0 * rho - 4.0 * rho * rho + rho * rho * rho) / (1.0 - rho).powi(4);
        let customers = 2_000_000;
        let error = 5.0 * (variance / customers as f64).sqrt();
        let mean = w1(customers, 1).mean;
        assert!((mean - 10.0).abs() < error, "{mean} against 10 ± {error}");
        // Erlang C for 8 servers and 7.2 erlangs is 0.7016, so the mean is 1 + 0.7016/0.8.
        let mean = w2(customers, 1).mean;
        assert!((mean - 1.877).abs() < error / 8.0, "{mean} against 1.877 ± {}", error / 8.0);
    }

    #[test]
    fn patience_ends_only_when_there_is_too_much_to_do() {
        let calm = w3(8_000.0, 30, 1);
        assert_eq!(calm.timeouts, 0);
        // After half a second the queues are longer than patience; much later they would be longer than their rings.
        let overloaded = w3(14_000.0, 1, 1);
        assert!(overloaded.timeouts > 1_000, "{overloaded:?}");
    }
}
