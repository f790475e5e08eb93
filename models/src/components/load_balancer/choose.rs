//! Which endpoint takes the next request.

use super::*;
use crate::policy::balance::{maglev, nginx, rendezvous, ring};
use floodgate_core::rng::{Draws, Source, mix};

/// Apart from other uses of a client's number.
const CLIENT_SALT: u64 = 0x6c62;

impl LoadBalancer {
    /// An endpoint for `call` that is none of `tried`.
    #[inline(always)]
    pub(super) fn choose(&mut self, call: CallId, tried: &[u32], cx: &mut Cx<'_>) -> Result<u32, Code> {
        let n = self.pool.len();
        if n == 0 {
            return Err(Code::Unavailable);
        }
        if self.config.algorithm == Algorithm::RoundRobin && self.even && !self.is_picky() && tried.is_empty() {
            self.turn = self.following(n);
            return Ok(self.pool[self.turn]);
        }
        self.choose_among(call, tried, cx)
    }

    #[inline(never)]
    fn choose_among(&mut self, call: CallId, tried: &[u32], cx: &mut Cx<'_>) -> Result<u32, Code> {
        let now = cx.now();
        if !self.even && self.slow_until != Time::ZERO && now >= self.slow_until {
            self.weigh(now);
        }
        let by_table =
            matches!(self.config.algorithm, Algorithm::RingHash | Algorithm::BoundedLoad | Algorithm::Maglev);
        if by_table && self.tables.is_none() {
            self.tables = Some(Tables::new(&self.config, &self.pool, &self.endpoints));
        }
        let mut draws = cx.draws(PURPOSE_CHOICE, cx.get(call).map_or(0, |c| c.lineage));
        let chosen = if let Some(kept) = self.session_of(call, tried, cx) {
            Some(kept)
        } else if !self.narrows() && tried.is_empty() {
            let pool = std::mem::take(&mut self.pool);
            let chosen = self.choose_by(&pool, call, 0, &mut draws, cx);
            self.pool = pool;
            chosen
        } else {
            let mut usable = std::mem::take(&mut self.usable);
            usable.clear();
            let left_out = |place: u32| self.leaves_out(place, now) || tried.contains(&place);
            usable.extend(self.pool.iter().copied().filter(|&place| !left_out(place)));
            self.narrow(&mut usable, call, &mut draws, cx);
            let tries = tried.len() as u64;
            let some = !usable.is_empty();
            let chosen = some.then(|| self.choose_by(&usable, call, tries, &mut draws, cx)).flatten();
            self.usable = usable;
            chosen
        };
        let Some(chosen) = chosen else {
            // nginx's "no live upstreams" where passive checks left nobody.
            return Err(if self.config.passive.is_some() { Code::BadGateway } else { Code::Unavailable });
        };
        if let Some(passive) = &self.config.passive {
            let seconds = passive.fail_timeout.0 / 1_000_000_000;
            self.endpoints[chosen as usize].failures.chosen(seconds, now);
        }
        self.remember(call, chosen, cx);
        Ok(chosen)
    }

    fn choose_by(&mut self, from: &[u32], call: CallId, tries: u64, draws: &mut Draws, cx: &Cx<'_>) -> Option<u32> {
        let n = from.len();
        let now = cx.now();
        let at = |place: usize| from.get(place).copied();
        match self.config.algorithm {
            // Turns among some of them are those of the smooth sequence, which knows each one's place.
            Algorithm::RoundRobin if self.even && from.len() == self.pool.len() => {
                self.turn = self.following(n);
                at(self.turn)
            }
            Algorithm::RoundRobin | Algorithm::LeastConnections => {
                let (endpoints, config) = (&self.endpoints, &self.config);
                let weight = |place: usize| weight_now(&endpoints[place], config, now);
                let candidates =
                    from.iter().map(|&place| place as usize).filter(|&place| endpoints[place].weight > 0.0);
                let chosen = if config.algorithm == Algorithm::RoundRobin {
                    nginx::smooth(&mut self.turns, weight, candidates)
                } else {
                    nginx::least_connections(&mut self.turns, weight, |place| endpoints[place].active, candidates)
                };
                chosen.map(|place| place as u32)
            }
            Algorithm::LeastRequest if self.even => {
                let mut best: Option<(u32, u32)> = None;
                for _ in 0..self.config.choices {
                    let place = at(draws.below(n as u64) as usize)?;
                    let active = self.endpoints[place as usize].active;
                    // The first drawn stays among equals.
                    if best.is_none_or(|(least, _)| active < least) {
                        best = Some((active, place));
                    }
                }
                best.map(|(_, place)| place)
            }
            Algorithm::LeastRequest => {
                let (endpoints, config, bias) = (&self.endpoints, &self.config, self.config.bias);
                self.edf.pick(from, |place| {
                    let endpoint = &endpoints[place as usize];
                    let open = f64::from(endpoint.active) + 1.0;
                    weight_now(endpoint, config, now) / if bias == 1.0 { open } else { libm::pow(open, bias) }
                })
            }
            Algorithm::Random if self.even => at(draws.below(n as u64) as usize),
            Algorithm::Random => {
                let weight = |place: u32| weight_now(&self.endpoints[place as usize], &self.config, now);
                let mut point = draws.unit() * from.iter().map(|&p| weight(p)).sum::<f64>();
                let chosen = from.iter().copied().find(|&place| {
                    point -= weight(place);
                    point < 0.0
                });
                chosen.or_else(|| from.iter().rev().copied().find(|&place| weight(place) > 0.0))
            }
            Algorithm::PowerOfD => at(self.least_of_some(from, draws)),
            Algorithm::JoinIdleQueue => {
                let idle = (0..n).filter(|&i| self.active(from[i]) == 0);
                at(pick(idle.map(|i| (0, i)), draws).unwrap_or_else(|| draws.below(n as u64) as usize))
            }
            Algorithm::PeakEwma => self.cheaper_of_two(from, now, draws),
            Algorithm::LeastWork => self.least_work(from),
            Algorithm::ClientHash
            | Algorithm::Rendezvous
            | Algorithm::RingHash
            | Algorithm::BoundedLoad
            | Algorithm::Maglev => self.by_hash(from, mix(u64::from(cx.client_of(call)), CLIENT_SALT), tries),
        }
    }

    fn cheaper_of_two(&self, from: &[u32], now: Time, draws: &mut Draws) -> Option<u32> {
        let n = from.len() as u64;
        let first = draws.below(n);
        let cost = |place: u32| {
            let endpoint = &self.endpoints[place as usize];
            endpoint.ewma.cost(endpoint.active, self.config.decay, now)
        };
        let one = *from.get(first as usize)?;
        if n == 1 {
            return Some(one);
        }
        let second = draws.below(n - 1);
        let other = *from.get((second + u64::from(second >= first)) as usize)?;
        Some(if cost(other) < cost(one) { other } else { one })
    }

    fn least_work(&mut self, from: &[u32]) -> Option<u32> {
        let n = from.len();
        let first = self.following(n);
        let mut best: Option<(f64, usize)> = None;
        for i in (0..n).map(|i| (first + i) % n) {
            let endpoint = &self.endpoints[from[i] as usize];
            let load = if endpoint.weight > 0.0 { endpoint.work / endpoint.weight } else { f64::INFINITY };
            if best.is_none_or(|(least, _)| load < least) {
                best = Some((load, i));
            }
        }
        self.turn = best?.1;
        from.get(self.turn).copied()
    }

    /// Whose turn it is among `n`; at first it is the first's.
    #[inline(always)]
    fn following(&self, n: usize) -> usize {
        let next = self.turn.wrapping_add(1);
        if next < n { next } else { 0 }
    }

    fn active(&self, place: u32) -> u32 {
        self.endpoints[place as usize].active
    }

    /// The position of the least loaded of `choices` endpoints drawn from `from`.
    fn least_of_some(&mut self, from: &[u32], draws: &mut Draws) -> usize {
        let n = from.len();
        let mut drawn = std::mem::take(&mut self.drawn);
        drawn.clear();
        if self.config.replacement {
            drawn.extend((0..self.config.choices).map(|_| draws.below(n as u64) as usize));
        } else {
            // Floyd's algorithm: each set of so many is as likely as any other.
            for last in n.saturating_sub(self.config.choices as usize)..n {
                let one = draws.below(last as u64 + 1) as usize;
                drawn.push(if drawn.contains(&one) { last } else { one });
            }
        }
        let chosen = pick(drawn.iter().map(|&i| (self.active(from[i]), i)), draws).unwrap_or(0);
        self.drawn = drawn;
        chosen
    }

    /// By the hash of a client, after so many tries elsewhere.
    fn by_hash(&self, from: &[u32], key: u64, tries: u64) -> Option<u32> {
        match self.config.algorithm {
            Algorithm::ClientHash => from.get((key.wrapping_add(tries) % from.len() as u64) as usize).copied(),
            Algorithm::Rendezvous => {
                let of = |&place: &u32| &self.endpoints[place as usize];
                let chosen = rendezvous::pick(key, from.iter().map(|p| (of(p).name, of(p).weight)))?;
                from.get(chosen).copied()
            }
            _ => self.look_up(from, key),
        }
    }

    /// By the tables over the pool; whoever may not be chosen now is passed over.
    fn look_up(&self, from: &[u32], key: u64) -> Option<u32> {
        let (endpoints, config) = (&self.endpoints, &self.config);
        let tables = self.tables.as_ref()?;
        let of = |server: usize| &endpoints[tables.places[server] as usize];
        let all = 0..tables.places.len();
        let usable = |server: &usize| from.len() == all.len() || from.contains(&tables.places[*server]);
        let server = match &tables.table {
            Table::Ring(ring) if config.algorithm == Algorithm::BoundedLoad => {
                let total: f64 = all.clone().map(|s| of(s).weight).sum();
                let load = all.clone().map(|s| u64::from(of(s).active)).sum::<u64>() + 1;
                let fits = |&server: &usize| {
                    of(server).active < ring::capacity(load, of(server).weight / total, config.load_factor - 1.0)
                };
                ring.from(key).filter(usable).find(fits).or_else(|| ring.from(key).find(usable))
            }
            Table::Ring(ring) => ring.from(key).find(usable),
            // A table has no next: another entry is hashed, and in the end anyone will do.
            Table::Maglev(table) => (0..16)
                .filter_map(|n| table.pick(if n == 0 { key } else { mix(key, n) }))
                .find(usable)
                .or_else(|| all.clone().find(usable)),
        };
        tables.places.get(server?).copied()
    }
}

impl Tables {
    fn new(config: &Config, places: &[u32], endpoints: &[Endpoint]) -> Tables {
        let servers = places.iter().map(|&place| &endpoints[place as usize]);
        let table = if config.algorithm == Algorithm::Maglev {
            let entries = maglev::prime_from(config.entries);
            let servers: Vec<_> = servers.map(|e| (maglev::place(e.name, entries), e.weight)).collect();
            Table::Maglev(Maglev::new(entries, &servers))
        } else {
            let servers: Vec<_> = servers.map(|e| (e.name, e.weight)).collect();
            Table::Ring(Ring::new(config.points, &servers))
        };
        Tables { places: places.into(), table }
    }
}

/// The weight of an endpoint, less while it starts slowly.
pub(super) fn weight_now(endpoint: &Endpoint, config: &Config, now: Time) -> f64 {
    endpoint.weight * super::trust::started(endpoint, config, now)
}

/// Of those with the smallest number, any with equal chances.
fn pick(candidates: impl Iterator<Item = (u32, usize)>, draws: &mut Draws) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    let mut equals = 0;
    for (number, candidate) in candidates {
        match best {
            Some((least, _)) if number > least => continue,
            Some((least, _)) if number == least => equals += 1,
            _ => equals = 1,
        }
        // Each of the equals so far stays with the same chance.
        if equals == 1 || draws.below(equals) == 0 {
            best = Some((number, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}
