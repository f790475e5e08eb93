//! Which of several regions is a client's own, and which is next when that one cannot be reached.

use crate::component::Cx;
use floodgate_core::LinkId;
use floodgate_core::order::Order as _;
use floodgate_core::rng::mix;

/// Apart from other uses of a client's number.
const HOME_SALT: u64 = 0x686f_6d65;

/// Regions, each at the end of a link: the share of its weight is how many of the clients live there.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    links: Vec<LinkId>,
    /// Sums of the weights up to and with each, as shares of all.
    up_to: Vec<f64>,
    /// Places of the regions, from the nearest on, as the node sees them.
    by_distance: Vec<u32>,
}

impl Regions {
    /// Those at the end of `links`.
    #[must_use]
    pub fn new(links: Vec<LinkId>, cx: &Cx<'_>) -> Regions {
        let total: f64 = links.iter().map(|&link| cx.link_weight(link)).sum();
        let mut sum = 0.0;
        let up_to = links.iter().map(|&link| {
            sum += if total > 0.0 { cx.link_weight(link) / total } else { 1.0 / links.len() as f64 };
            sum
        });
        let up_to = up_to.collect();
        let mut by_distance: Vec<u32> = (0..links.len() as u32).collect();
        let distance = |place: u32| cx.link_latency(links[place as usize]).mean();
        by_distance.order_by_key(|&place| (distance(place), place));
        Regions { links, up_to, by_distance }
    }

    /// The links, sorted by callee.
    #[must_use]
    pub fn links(&self) -> &[LinkId] {
        &self.links
    }

    /// The place of a region among the links for a number that is uniform.
    #[must_use]
    pub fn by_weight(&self, uniform: u64) -> Option<u32> {
        let point = (uniform >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
        let last = self.links.len().checked_sub(1)?;
        Some(self.up_to.partition_point(|&sum| sum <= point).min(last) as u32)
    }

    /// Where a client lives.
    #[must_use]
    pub fn home(&self, client: u32) -> Option<u32> {
        self.by_weight(mix(u64::from(client), HOME_SALT))
    }

    /// The region of a client, or, where that one cannot be, the nearest that can.
    pub fn nearest(&self, client: u32, can: impl Fn(u32) -> bool) -> Option<u32> {
        let home = self.home(client).filter(|&home| can(home));
        home.or_else(|| self.by_distance.iter().copied().find(|&place| can(place)))
    }
}
