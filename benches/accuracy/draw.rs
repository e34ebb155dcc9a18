//! Counts from the sketches' exact distributions: nobody inserts 10^9 keys.
//!
//! Registers: the maximum of n geometric ranks in a register that is hit by a Poisson number of
//! users; parts of up to a few million users are thrown one by one, because there the fixed size
//! matters. Sample: order statistics of uniform hashes through Gamma, Beta, binomial and
//! hypergeometric variates.

use overlap::{RANKS, RegisterCounts, SampleCounts};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Beta, Binomial, Distribution, Exp1, Gamma, Poisson};

/// Users of A alone, of B alone, of both.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub a: u64,
    pub b: u64,
    pub x: u64,
}

impl Parts {
    pub const fn size_a(self) -> u64 {
        self.a + self.x
    }

    pub const fn size_b(self) -> u64 {
        self.b + self.x
    }

    pub const fn union(self) -> u64 {
        self.a + self.b + self.x
    }
}

pub struct Draw {
    rng: StdRng,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// The register histograms of a pair at precision p.
    pub fn registers(&mut self, parts: Parts, p: u8) -> RegisterCounts {
        let [a, b, x] = [parts.a, parts.b, parts.x].map(|users| self.maxima(users, p));
        let mut counts = RegisterCounts {
            precision: p,
            a_below_b: [0; RANKS],
            b_above_a: [0; RANKS],
            a_above_b: [0; RANKS],
            b_below_a: [0; RANKS],
            equal: [0; RANKS],
        };
        for ((&a, &b), &x) in a.iter().zip(&b).zip(&x) {
            let (a, b) = (usize::from(a.max(x)), usize::from(b.max(x)));
            match a.cmp(&b) {
                std::cmp::Ordering::Less => {
                    counts.a_below_b[a] += 1;
                    counts.b_above_a[b] += 1;
                }
                std::cmp::Ordering::Greater => {
                    counts.a_above_b[a] += 1;
                    counts.b_below_a[b] += 1;
                }
                std::cmp::Ordering::Equal => counts.equal[a] += 1,
            }
        }
        counts
    }

    fn maxima(&mut self, users: u64, p: u8) -> Vec<u8> {
        const ONE_BY_ONE_MAX: u64 = 1_500_000;
        let m = 1_usize << p;
        let last = 64 - p + 1;
        let mut registers = vec![0_u8; m];
        if users <= ONE_BY_ONE_MAX {
            for _ in 0..users {
                let word: u64 = self.rng.next_u64();
                let rank = ((word >> p) | 1 << (64 - p)).trailing_zeros() as u8 + 1;
                let register = &mut registers[word as usize & (m - 1)];
                *register = (*register).max(rank);
            }
            return registers;
        }
        // P(max <= k) = exp(-n/m 2^-k): the rank at which an exponential variate is reached.
        let load = users as f64 / m as f64;
        for register in &mut registers {
            let variate: f64 = Exp1.sample(&mut self.rng);
            *register = (load / variate).log2().ceil().clamp(0.0, f64::from(last)) as u8;
        }
        registers
    }

    /// The sample counts of a pair of sets, both larger than k.
    pub fn sample(&mut self, parts: Parts, k: u64) -> SampleCounts {
        // From the larger set's side: its threshold is mostly the lower one.
        let swapped = parts.size_b() > parts.size_a();
        let parts = if swapped {
            Parts {
                a: parts.b,
                b: parts.a,
                x: parts.x,
            }
        } else {
            parts
        };
        let counts = self.sample_of_larger(parts, k);
        if !swapped {
            return counts;
        }
        SampleCounts {
            only_a: counts.only_b,
            only_b: counts.only_a,
            theta_a: counts.theta_b,
            theta_b: counts.theta_a,
            above_a: counts.above_b,
            above_b: counts.above_a,
            ..counts
        }
    }

    fn sample_of_larger(&mut self, parts: Parts, k: u64) -> SampleCounts {
        let (n_a, n_b) = (parts.size_a() as f64, parts.size_b() as f64);
        // The (k+1)-th of n uniform variates.
        let theta_a = self.order_statistic(k + 1, parts.size_a());
        let x = self.binomial(k, parts.x as f64 / n_a);
        let a = k - x;
        let b = self.poisson_or_binomial(parts.b, theta_a);
        let seen_b = x + b;
        let mut counts = SampleCounts {
            only_a: a,
            only_b: b,
            both: x,
            theta: theta_a,
            theta_a,
            theta_b: theta_a,
            above_a: 0,
            above_b: 0,
            chance_matches: 0.0,
        };
        if seen_b <= k {
            // B's sample reaches on: the rest of its k + 1 among those above A's threshold.
            let rest = k + 1 - seen_b;
            let above = parts.size_b() - seen_b;
            counts.theta_b = theta_a + (1.0 - theta_a) * self.order_statistic(rest, above);
            counts.above_b = rest - 1;
        } else {
            // B's threshold is among the hashes below A's: the (k+1)-th of them.
            let share = self.beta(k + 1, seen_b - k);
            counts.theta = theta_a * share;
            counts.theta_b = counts.theta;
            counts.both = self.hypergeometric(seen_b, x, k);
            counts.only_b = k - counts.both;
            let below = self.binomial(a, share);
            counts.only_a = below;
            counts.above_a = k - below - counts.both;
        }
        counts.chance_matches = n_a * n_b * counts.theta / 2_f64.powi(48);
        counts
    }

    /// The i-th smallest of n uniform variates.
    fn order_statistic(&mut self, i: u64, n: u64) -> f64 {
        self.beta(i, n - i + 1)
    }

    /// Beta(i, j) from two Gamma variates.
    fn beta(&mut self, i: u64, j: u64) -> f64 {
        if j < 1_000_000_000 && i < 30 {
            return Beta::new(i as f64, j as f64)
                .expect("positive")
                .sample(&mut self.rng);
        }
        let mut gamma = |shape: u64| {
            Gamma::new(shape as f64, 1.0)
                .expect("positive")
                .sample(&mut self.rng)
        };
        let (first, second) = (gamma(i), gamma(j));
        first / (first + second)
    }

    pub fn binomial(&mut self, n: u64, share: f64) -> u64 {
        Binomial::new(n, share.clamp(0.0, 1.0))
            .expect("a share")
            .sample(&mut self.rng)
    }

    fn poisson_or_binomial(&mut self, n: u64, share: f64) -> u64 {
        // Thinning by so small a share is Poisson to one in a thousand of its variance.
        let mean = n as f64 * share;
        if share < 1e-3 && mean > 0.0 {
            let drawn: f64 = Poisson::new(mean).expect("positive").sample(&mut self.rng);
            return (drawn as u64).min(n);
        }
        self.binomial(n, share)
    }

    /// How many of `marked` among `all` are in a draw of `count`: hypergeometric, one by one.
    fn hypergeometric(&mut self, all: u64, marked: u64, count: u64) -> u64 {
        let (mut left, mut marked_left) = (all, marked);
        for _ in 0..count {
            let pick = ((u128::from(self.rng.next_u64()) * u128::from(left)) >> 64) as u64;
            marked_left -= u64::from(pick < marked_left);
            left -= 1;
        }
        marked - marked_left
    }
}
