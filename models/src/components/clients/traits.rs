//! Who sends a request and what it is about: drawn for each by its lineage alone, so that whatever is said here changes
//! neither when requests arrive nor what is drawn for them elsewhere.

use super::*;
use crate::param::{Bytes, Ratio};
use crate::{choices, params};
use floodgate_core::dist::normal;
use floodgate_core::rng::Source;
use floodgate_core::{Traits, Zipf};

params! {
    /// A class of requests in a mix.
    pub struct Class {
        /// What it is called; a path if it begins with `/`, after which headers may follow by which balancers tell requests
        /// apart, each after a semicolon: `/api; x-version: canary`. Of recorded requests those are of this class whose path begins
        /// with it; where several do, the longest counts.
        name: String = "\"/\"" in 1 ..= 64;
        /// Its share of the requests, beside those of the others.
        weight: f64 = "1.0" in 0 ..= 1000000;
        /// How much work such a request asks for, as a multiple of `work`.
        work: f64 = "1.0" in 0 ..= 1000;
        /// Criticality; absent is `priority`.
        priority: Option<u32> = none in 0 ..= 7;
        /// An answer later than this does not count as goodput; absent is the `slo` of all.
        slo: Option<Duration> = none in 0.000001 ..= 86400;
        /// Mean of what is transferred; absent is the `size` of all.
        size: Option<Bytes> = none in 0 ..= 1e12;
        /// How long an answer is of use; absent is the `deadline` of all.
        deadline: Option<Duration> = none in 0.000001 ..= 86400;
    }
}

choices! {
    /// How often a key is asked for.
    pub enum Popularity {
        /// All as often.
        Uniform = "uniform",
        /// The k-th most popular in proportion to k^−exponent. Sampled exactly, by rejection-inversion (Hörmann and
        /// Derflinger, 1996).
        Zipf = "zipf",
        /// A share of the requests, `hot_share`, is for a share of the keys, `hot_keys`; within and beside them all as often.
        HotSpot = "hot_spot",
    }
}

params! {
    /// What requests are about: articles, users, rows. Caches and shards go by it. Key 0 is the most popular.
    pub struct Keys {
        /// How many there are.
        count: u64 = "10000" in 1 ..= 1000000000;
        /// How often each is asked for.
        popularity: Popularity = "\"zipf\"", live;
        /// Exponent of Zipf's law.
        exponent: f64 = "0.9" in 0 ..= 20, live;
        /// Share of the requests that are for hot keys.
        hot_share: Ratio = "0.9" in 0 ..= 1, live;
        /// Share of the keys that are hot.
        hot_keys: Ratio = "0.1" in 0 ..= 1, live;
    }
}

params! {
    /// A few clients that send much: robots that read whole sites.
    pub struct Crawlers {
        /// How many of the `population` they are: the first numbers.
        clients: u64 = "10" in 1 ..= 1000000000, live;
        /// Share of the requests that come from them.
        share: Ratio = "0.3" in 0 ..= 1, live;
    }
}

params! {
    /// How much is transferred for a request: lognormal.
    pub struct Size {
        /// Mean.
        mean: Bytes = "\"20KiB\"" in 0 ..= 1e12, live;
        /// Squared coefficient of variation; 0 is always the same.
        scv: f64 = "0.0" in 0 ..= 10000, live;
    }
}

params! {
    /// People who press a button twice: a second request, the same as the first.
    pub struct DoubleClicks {
        /// Share of the requests that are sent twice.
        share: Ratio = "0.05" in 0 ..= 1, live;
        /// How long after the first.
        delay: Dist = "\"200ms\"" in 0 ..= 3600, live;
    }
}

const PURPOSE_CLASS: u64 = 7;
const PURPOSE_CRAWLER: u64 = 8;
const PURPOSE_KEY: u64 = 9;
const PURPOSE_SIZE: u64 = 10;
const PURPOSE_SESSION: u64 = 1 << 61;

/// All that is said of a request before it is born.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) client: Client,
    /// Place among the classes of the node.
    pub(super) class: u8,
    pub(super) priority: u8,
    pub(super) work: f32,
    pub(super) key: Option<u64>,
    pub(super) bytes: u64,
    pub(super) demand: Option<Duration>,
    pub(super) deadline: Option<Duration>,
}

/// What is drawn from, made once.
#[derive(Clone, Debug, Default)]
pub(super) struct Mix {
    /// Weights of the classes, each with those before it.
    weights: Vec<f64>,
    zipf: Option<Zipf>,
}

impl Mix {
    pub(super) fn new(config: &Config) -> Mix {
        let mut sum = 0.0;
        let weights = config.classes.iter().map(|class| {
            sum += class.weight;
            sum
        });
        let zipf = |keys: &Keys| (keys.popularity == Popularity::Zipf).then(|| Zipf::new(keys.count, keys.exponent));
        Mix { weights: weights.collect(), zipf: config.keys.as_ref().and_then(zipf) }
    }

    fn class(&self, lineage: u64, cx: &Cx<'_>) -> usize {
        match self.weights.as_slice() {
            [] | [_] => 0,
            weights => {
                let point = cx.draws(PURPOSE_CLASS, lineage).unit() * weights[weights.len() - 1];
                // One without weight is never the first beyond the point.
                weights.partition_point(|sum| *sum <= point).min(weights.len() - 1)
            }
        }
    }

    fn key(&self, keys: &Keys, lineage: u64, cx: &Cx<'_>) -> u64 {
        let mut draws = cx.draws(PURPOSE_KEY, lineage);
        match (keys.popularity, &self.zipf) {
            (Popularity::Zipf, Some(zipf)) => zipf.sample(&mut draws) - 1,
            (Popularity::HotSpot, _) => {
                let hot = ((keys.count as f64 * keys.hot_keys.0).round() as u64).clamp(1, keys.count);
                let is_hot = draws.unit() < keys.hot_share.0 || hot == keys.count;
                if is_hot { draws.below(hot) } else { hot + draws.below(keys.count - hot) }
            }
            _ => draws.below(keys.count),
        }
    }

    /// A request of `lineage`, from `client` if that is known.
    pub(super) fn request(&self, config: &Config, lineage: u64, client: Client, cx: &Cx<'_>) -> Request {
        let place = self.class(lineage, cx);
        let client = match (client, &config.crawlers) {
            (Client::OneOf(population), Some(crawlers)) => Client::Known(crawling(crawlers, population, lineage, cx)),
            (client, _) => client,
        };
        let class = config.classes.get(place);
        let key = config.keys.as_ref().map(|keys| self.key(keys, lineage, cx));
        Request { client, key, bytes: config.bytes(class, lineage, cx), ..config.request_of(place) }
    }
}

/// Which client it is, where a few send much.
fn crawling(crawlers: &Crawlers, population: u32, lineage: u64, cx: &Cx<'_>) -> u32 {
    let few = u32::try_from(crawlers.clients).unwrap_or(u32::MAX).min(population);
    let mut draws = cx.draws(PURPOSE_CRAWLER, lineage);
    if few == population || draws.unit() < crawlers.share.0 {
        return draws.below(u64::from(few)) as u32;
    }
    few + draws.below(u64::from(population - few)) as u32
}

impl Config {
    /// What is said of every request of a class.
    pub(super) fn request_of(&self, place: usize) -> Request {
        let class = self.classes.get(place);
        let (work, priority) = (class.map_or(1.0, |class| class.work), class.and_then(|class| class.priority));
        Request {
            client: Client::OneOf(self.population as u32),
            class: place as u8,
            priority: priority.unwrap_or(self.priority) as u8,
            work: (self.work * work) as f32,
            key: None,
            bytes: 0,
            demand: None,
            deadline: class.and_then(|class| class.deadline).or(self.deadline),
        }
    }

    fn bytes(&self, class: Option<&Class>, lineage: u64, cx: &Cx<'_>) -> u64 {
        let of_class = class.and_then(|class| class.size);
        let Some(mean) = of_class.or(self.size.as_ref().map(|size| size.mean)) else { return 0 };
        let scv = self.size.as_ref().map_or(0.0, |size| size.scv);
        if scv == 0.0 {
            return mean.0;
        }
        let variance = libm::log(1.0 + scv);
        let shape = libm::exp(variance.sqrt() * normal(&mut cx.draws(PURPOSE_SIZE, lineage)) - variance / 2.0);
        (mean.0 as f64 * shape + 0.5) as u64
    }

    /// Whether anything is said of requests beyond their birth.
    pub(super) fn describes(&self) -> bool {
        self.keys.is_some()
            || self.crawlers.is_some()
            || self.connections.is_some()
            || self.sessions
            || self.size.is_some()
            || self.deadline.is_some()
            || self.replay.is_some()
            || self.classes.iter().any(|class| class.size.is_some() || class.deadline.is_some())
    }

    /// Whether requests are all alike, as far as this node knows.
    pub(super) fn is_plain(&self) -> bool {
        self.classes.is_empty() && self.double_clicks.is_none() && !self.describes()
    }

    /// What the classes of the requests that are born here are called, each once.
    pub(super) fn slo_of(&self, name: &str) -> Option<Duration> {
        let class = self.classes.iter().find(|class| class.name == name);
        class.and_then(|class| class.slo).or(self.slo).or(self.timeout)
    }
}

/// The token of a client's session.
pub(super) fn session(client: u32, cx: &Cx<'_>) -> u64 {
    cx.root_lineage(PURPOSE_SESSION | u64::from(client))
}

/// What can be said of a request by everybody who gets it.
pub(super) fn describe(request: &Request, sessions: bool, client: u32, lineage: u64, cx: &Cx<'_>) -> Traits {
    let deadline = request.deadline.map_or(Time::MAX, |deadline| cx.now() + deadline);
    Traits {
        session: sessions.then(|| session(client, cx)),
        key: request.key,
        bytes: request.bytes,
        demand: request.demand,
        deadline,
        ..Traits::of(client, lineage)
    }
}
