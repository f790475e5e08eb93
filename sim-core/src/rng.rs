//! Randomness that depends on what it is for, not on when it is asked for.
//!
//! A draw for a request is a pure function of (seed, node key, purpose, lineage, index): see [`Draws`]. So adding a node, a
//! breaker or a retry changes neither the arrivals nor the service demand of the same request, and two variants of a system
//! see identical traffic. Only exogenous arrivals use sequential streams, one ChaCha8 stream per node and purpose:
//! [`arrival_stream`].
//!
//! The mixer is wyhash's (two wide multiplications, public domain, Wang Yi); its statistical quality for consecutive and for
//! nearly equal keys is tested below.

use rand_chacha::ChaCha8Core;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::rand_core::block::Generator;

const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;

/// The 128 bits of a product, high and low word.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
pub(crate) fn wide(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    ((product >> 64) as u64, product as u64)
}

/// The 128 bits of a product, high and low word. wasm has no such instruction, and the compiler would call a function.
#[cfg(target_arch = "wasm32")]
#[inline(always)]
pub(crate) fn wide(a: u64, b: u64) -> (u64, u64) {
    wide_by_halves(a, b)
}

/// As [`wide`], by four products of halves. The low word is put together from them as well, although a multiplication would
/// give it: of a high word alone LLVM 22 makes the wide product again, and with it the call.
#[cfg(any(target_arch = "wasm32", test))]
#[inline(always)]
fn wide_by_halves(a: u64, b: u64) -> (u64, u64) {
    const LOW: u64 = 0xffff_ffff;
    let (a1, a0, b1, b0) = (a >> 32, a & LOW, b >> 32, b & LOW);
    let (high, middle, low) = (a1 * b1, a1 * b0, a0 * b0);
    let middle = middle + (low >> 32);
    let other = a0 * b1 + (middle & LOW);
    (high + (middle >> 32) + (other >> 32), other << 32 | low & LOW)
}

/// One wide multiplication folded to 64 bits.
#[inline(always)]
#[must_use]
pub fn fold(a: u64, b: u64) -> u64 {
    let (high, low) = wide(a, b);
    high ^ low
}

/// Mixes two words into one: a cheap keyed hash of good quality.
#[inline(always)]
#[must_use]
pub fn mix(a: u64, b: u64) -> u64 {
    let (high, low) = wide(a ^ K0, b ^ K1);
    fold(low ^ K0, high ^ K1)
}

/// A 64-bit hash of a text, the same on every target: the identity of a node key.
#[must_use]
pub fn hash_text(text: &str) -> u64 {
    let mut hash = mix(text.len() as u64, 0x464c_4f4f_4447_4154);
    for chunk in text.as_bytes().chunks(8) {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    hash
}

/// The random numbers of one key, in order; a few words long, made where it is needed and thrown away.
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// The draws of `lineage` under `key`, which stands for seed, node and purpose.
    #[inline]
    #[must_use]
    pub fn new(key: u64, lineage: u64) -> Draws {
        Draws { state: mix(key, lineage) }
    }

    /// Uniform in `0..n`; 0 when `n` is 0. The bias is below n·2⁻⁶⁴.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        wide(self.next_u64(), n).0
    }
}

/// A source of uniform 64-bit words: what the samplers need.
pub trait Source {
    /// The next 64 uniform bits.
    fn next_u64(&mut self) -> u64;

    /// Uniform in the open interval (0, 1): never 0, so its logarithm is finite.
    #[inline]
    fn open01(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// Uniform in [0, 1), with 53 bits.
    #[inline]
    fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }
}

impl Source for Draws {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(K0);
        fold(self.state, self.state ^ K1)
    }
}

/// A sequential stream: ChaCha8, four blocks at a time.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Stream {
    /// How many of `halves` are used up; even.
    used: usize,
    /// Words of 64 bits, the low half first.
    halves: [u32; HALVES],
    generator: ChaCha8Core,
}

const HALVES: usize = 64;

impl Stream {
    #[cold]
    fn refill(&mut self) {
        self.generator.generate(&mut self.halves);
        self.used = 0;
    }
}

impl Source for Stream {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        if self.used >= HALVES {
            self.refill();
        }
        let at = self.used & (HALVES - 2);
        self.used = at + 2;
        u64::from(self.halves[at + 1]) << 32 | u64::from(self.halves[at])
    }
}

/// A sequential stream that takes memory only while it is drawn from.
#[derive(Clone, Debug)]
pub struct SpareStream {
    key: u64,
    /// Words drawn so far.
    drawn: u64,
    stream: Option<Box<Stream>>,
}

impl SpareStream {
    /// What [`arrival_stream`] makes of `key`.
    #[must_use]
    pub fn new(key: u64) -> SpareStream {
        SpareStream { key, drawn: 0, stream: None }
    }

    /// Gives its memory back. It goes on where it stands; going there again takes as long as all draws so far.
    pub fn put_away(&mut self) {
        self.stream = None;
    }

    #[cold]
    fn take_out(&self) -> Box<Stream> {
        let mut stream = Box::new(arrival_stream(self.key));
        for _ in 0..self.drawn {
            stream.next_u64();
        }
        stream
    }
}

impl Source for SpareStream {
    fn next_u64(&mut self) -> u64 {
        let mut stream = self.stream.take().unwrap_or_else(|| self.take_out());
        let word = stream.next_u64();
        self.drawn += 1;
        self.stream = Some(stream);
        word
    }
}

/// The sequential stream for the exogenous arrivals of one node and purpose: `key` comes from seed, node key and purpose.
#[must_use]
pub fn arrival_stream(key: u64) -> Stream {
    let mut seed = [0u8; 32];
    for (i, word) in seed.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&mix(key, i as u64).to_le_bytes());
    }
    Stream { used: HALVES, halves: [0; HALVES], generator: ChaCha8Core::from_seed(seed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// χ² of `counts` against equal shares, as a z-score (normal approximation, many cells).
    fn chi_square_z(counts: &[u64]) -> f64 {
        let total: u64 = counts.iter().sum();
        let expected = total as f64 / counts.len() as f64;
        let chi2: f64 = counts.iter().map(|&c| (c as f64 - expected).powi(2) / expected).sum();
        let df = (counts.len() - 1) as f64;
        (chi2 - df) / (2.0 * df).sqrt()
    }

    #[test]
    fn a_wide_product_is_the_same_by_halves() {
        let mut draws = Draws::new(3, 4);
        let edges = [0, 1, 2, u64::from(u32::MAX), 1 << 32, u64::MAX - 1, u64::MAX];
        let pairs = edges.into_iter().flat_map(|a| edges.map(|b| (a, b)));
        for (a, b) in pairs.chain((0..100_000).map(|_| (draws.next_u64(), draws.next_u64()))) {
            assert_eq!(wide_by_halves(a, b), wide(a, b), "{a} times {b}");
        }
    }

    #[test]
    fn first_draws_of_consecutive_lineages_are_uniform() {
        let key = mix(1, hash_text("web"));
        let mut counts = vec![0u64; 1024];
        for lineage in 0..1_000_000u64 {
            counts[(Draws::new(key, lineage).next_u64() >> 54) as usize] += 1;
        }
        let z = chi_square_z(&counts);
        assert!(z.abs() < 4.5, "z = {z}");
    }

    #[test]
    fn nodes_with_similar_names_are_independent() {
        let keys = [mix(1, hash_text("web-1")), mix(1, hash_text("web-2"))];
        let mut counts = vec![0u64; 32 * 32];
        for lineage in 0..1_000_000u64 {
            let [a, b] = keys.map(|k| (Draws::new(k, lineage).next_u64() >> 59) as usize);
            counts[a * 32 + b] += 1;
        }
        let z = chi_square_z(&counts);
        assert!(z.abs() < 4.5, "z = {z}");
    }

    #[test]
    fn consecutive_draws_of_one_key_are_independent() {
        let mut counts = vec![0u64; 32 * 32];
        for lineage in 0..1_000_000u64 {
            let mut draws = Draws::new(7, lineage);
            let (a, b) = (draws.next_u64() >> 59, draws.next_u64() >> 59);
            counts[(a * 32 + b) as usize] += 1;
        }
        let z = chi_square_z(&counts);
        assert!(z.abs() < 4.5, "z = {z}");
    }

    #[test]
    fn a_stream_is_the_generator_of_its_seed() {
        let key = mix(5, 6);
        let seed: Vec<u8> = (0..4).flat_map(|i| mix(key, i).to_le_bytes()).collect();
        let mut theirs = rand_chacha::ChaCha8Rng::from_seed(seed.try_into().expect("32 bytes"));
        let mut ours = arrival_stream(key);
        for n in 0..1000 {
            assert_eq!(ours.next_u64(), rand::Rng::next_u64(&mut theirs), "word {n}");
        }
    }

    #[test]
    fn a_spare_stream_goes_on_where_it_stood() {
        let (mut spare, mut stream) = (SpareStream::new(9), arrival_stream(9));
        for n in 0..200 {
            if n % 37 == 0 {
                spare.put_away();
            }
            assert_eq!(spare.next_u64(), stream.next_u64());
        }
    }

    #[test]
    fn consecutive_seeds_give_unrelated_arrival_streams() {
        let mut counts = vec![0u64; 256];
        for seed in 0..100_000u64 {
            counts[(arrival_stream(mix(seed, 3)).next_u64() >> 56) as usize] += 1;
        }
        let z = chi_square_z(&counts);
        assert!(z.abs() < 4.5, "z = {z}");
    }
}
