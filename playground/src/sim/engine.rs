//! TEMPORARY stand-in with the shape of the adapter; replaced before anything is merged.
use crate::editor::Outline;
use crate::wire::{Act, Deed, LinkCounts, NodeCounts, Point, Totals};
use floodgate::status::{Mode, ReplicaStatus, Status};

pub enum Outcome { Reached, Budget, Halted(String) }

pub struct Engine { outline: Outline, now: u64, events: u64, rate: f64, crowd_until: u64, totals: Totals, wasted: u64, retry: u64, points: Vec<Point>, last: (u64, Totals, u64), backlog: f64, slow: bool, down_until: u64, kills: f64 }

pub fn seconds(text: &str) -> Option<f64> { text.trim_end_matches('s').parse().ok() }
pub fn check(text: &str) -> Result<Vec<String>, String> { match Outline::read(text).broken { Some(b) => Err(b), None => Ok(Vec::new()) } }
pub fn until_seed(_: &str) -> Option<(u64, u64)> { Some((60_000_000_000, 1)) }

impl Engine {
    pub fn new(text: &str, _seed: Option<u64>, _w: u64) -> Result<Engine, String> {
        check(text)?;
        let outline = Outline::read(text);
        let rate = outline.nodes.iter().find(|n| n.kind == "clients").and_then(|n| n.value("rate")).and_then(|r| r.trim_end_matches("/s").parse().ok()).unwrap_or(0.0);
        Ok(Engine { outline, now: 0, events: 0, rate, crowd_until: 0, totals: Totals::default(), wasted: 0, retry: 0, points: vec![], last: Default::default(), backlog: 0.0, slow: false, down_until: 0, kills: 0.0 })
    }
    pub fn seed(&self) -> u64 { 1 }
    pub fn until_ns(&self) -> u64 { 60_000_000_000 }
    pub fn now_ns(&self) -> u64 { self.now }
    pub fn events(&self) -> u64 { self.events }
    pub fn digest(&self) -> String { format!("{:016x}", self.now.wrapping_mul(0x9E37_79B9_7F4A_7C15)) }
    pub fn nodes(&self) -> usize { self.outline.nodes.len() }
    pub fn links(&self) -> usize { self.outline.links.len() }
    pub fn node_ids(&self) -> Vec<String> { self.outline.nodes.iter().map(|n| n.id.clone()).collect() }
    pub fn link_ids(&self) -> Vec<(String, u32, String)> { self.outline.links.iter().map(|l| (l.from.clone(), l.port as u32, l.to.clone())).collect() }
    pub fn title(&self, i: usize) -> String { self.outline.nodes[i].title.clone() }
    pub fn title_of(&self, id: &str) -> String { self.outline.node(id).map(|n| n.title.clone()).unwrap_or_default() }
    pub fn gauge(&self, i: usize, name: &str) -> Option<usize> { self.outline.nodes[i].descriptor?.gauges.iter().position(|g| g.name == name) }
    pub fn phases(&self) -> Vec<(f64, f64)> { vec![] }
    pub fn act(&mut self, act: &Act, at: u64) -> Result<String, String> {
        match &act.deed {
            Deed::Set(v) => { if act.lasting.is_some() { self.crowd_until = at + 20_000_000_000; } else if let Some(r) = v[0].1.as_ref().and_then(|t| t.trim_matches('"').trim_end_matches("/s").parse().ok()) { self.rate = r } }
            Deed::Fault { fault, .. } => { if fault == "kill" { self.down_until = at + 3_000_000_000; self.backlog = 0.0; } else { self.slow = true } }
            Deed::Heal { .. } => self.slow = false,
        }
        Ok(format!("{{\"at\":\"{at}ns\"}}"))
    }
    pub fn advance(&mut self, until: u64, events: u64) -> Outcome {
        let mut n = 0;
        while self.now < until {
            if n >= events { return Outcome::Budget; }
            let step = 100_000.min(until - self.now);
            let dt = step as f64 / 1e9;
            let rate = if self.now < self.crowd_until { 12000.0 } else { self.rate };
            let frac = |r: f64, k: u64| ((r * (k as f64 + 1e5) / 1e9) as u64) - ((r * k as f64 / 1e9) as u64);
            let born = frac(rate, self.now);
            let retry = if self.backlog > 700.0 { frac(rate * 2.0 + 400.0, self.now) } else { 0 };
            self.backlog += (born + retry) as f64;
            let cap = if self.now < self.down_until { 0.0 } else if self.slow { 200.0 } else { 800.0 };
            let done = (cap * dt).min(self.backlog);
            let before = self.backlog;
            self.backlog -= done;
            if self.backlog > 20000.0 && self.now >= self.down_until { self.backlog = 0.0; self.down_until = self.now + 3_000_000_000; self.kills += 1.0; }
            let k = (before.floor() - self.backlog.floor()).max(0.0) as u64;
            self.totals.born += born; self.totals.attempts += born + retry; self.retry += retry;
            self.totals.answered += if before < 700.0 { k } else { 0 };
            self.totals.goodput = self.totals.answered;
            if before >= 700.0 { self.wasted += k; self.totals.failed += retry; }
            self.events += 3; n += 3; self.now += step;
            if self.now % 250_000_000 == 0 {
                let (t0, p, w) = self.last;
                let d = (self.now - t0) as f32 / 1e9;
                let t = self.totals;
                self.points.push(Point { t: (self.now as f64 / 1e9) as f32, born: (t.born - p.born) as f32 / d, offered: (t.attempts - p.attempts) as f32 / d, throughput: (t.answered - p.answered + self.wasted - w) as f32 / d, goodput: (t.goodput - p.goodput) as f32 / d, failed: (t.failed - p.failed) as f32 / d, p50: 12.0 + self.backlog.min(1e4) as f32 / 10.0, p99: 50.0 + self.backlog.min(1e4) as f32 / 5.0 });
                self.last = (self.now, t, self.wasted);
            }
        }
        Outcome::Reached
    }
    pub fn status(&self, i: usize) -> Status {
        let n = &self.outline.nodes[i];
        if !n.kind.contains('s') || n.kind == "clients" { return Status::default(); }
        let down = self.now < self.down_until && n.kind == "service";
        let b = self.backlog as u32;
        let r = ReplicaStatus { mode: if down { Mode::Down } else { Mode::Up }, progress: 0.4, slots: 16, busy: if down { 0 } else { b.min(16).max(4) }, zombies: if b > 700 { 9 } else { 0 }, queue: b.saturating_sub(16), queue_zombies: b.saturating_sub(700), queue_cap: None, memory: 200 << 20, memory_limit: 512 << 20 };
        Status { saturation: Some(f64::from(r.busy) / 16.0), replicas: vec![r], open: u64::from(b), gauges: vec![0.0, 0.0, 1.0, 0.0, 0.0, self.kills], faults: if self.slow { vec!["slow".into()] } else { vec![] } }
    }
    pub fn node_counts(&self, _i: usize) -> NodeCounts { NodeCounts { offered: self.totals.attempts, offered_first: self.totals.born, answered: self.totals.answered, errors: self.totals.failed } }
    pub fn link_counts(&self, _j: usize) -> LinkCounts { LinkCounts { first: self.totals.born, retry: self.retry, ok: self.totals.answered, errors: self.totals.failed / 2, timeouts: self.totals.failed / 2, late: self.wasted } }
    pub fn totals(&self) -> Totals { self.totals }
    pub fn points_from(&self, from: usize) -> Vec<Point> { self.points[from..].to_vec() }
    pub fn last_point(&self) -> Option<Point> { self.points.last().copied() }
}
