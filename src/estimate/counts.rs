//! All the data there is: sufficient statistics of one set and of two.

/// Register values are 0 to 64.
pub const RANKS: usize = 65;

/// Numbers of hashes that two bottom-k samples share or have alone.
///
/// Below θ, the lower of both thresholds, both samples are complete, so that a hash is in one or
/// in both; above it only the sample that reaches higher is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleCounts {
    /// Hashes below θ in A's sample alone.
    pub only_a: u64,
    /// Hashes below θ in B's sample alone.
    pub only_b: u64,
    /// Hashes below θ in both: the matches.
    pub both: u64,
    /// The lower of both thresholds as a share of all hashes, in (0, 1].
    pub theta: f64,
    /// A's threshold, at least θ; 1 if its sample is all of A.
    pub theta_a: f64,
    /// B's threshold, at least θ; 1 if its sample is all of B.
    pub theta_b: f64,
    /// Hashes of A's sample in [θ, `theta_a`).
    pub above_a: u64,
    /// Hashes of B's sample in [θ, `theta_b`).
    pub above_b: u64,
    /// How many of `both` are expected to be different users with one sampled hash: about
    /// |A| |B| θ / 2^48.
    pub chance_matches: f64,
}

/// Comparison of the registers of two HyperLogLogs of one precision, as five histograms
/// by register value (Ertl, arXiv:1702.01284, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterCounts {
    /// log2 of the number of registers.
    pub precision: u8,
    /// A's value where it is below B's.
    pub a_below_b: [u32; RANKS],
    /// B's value where it is above A's.
    pub b_above_a: [u32; RANKS],
    /// A's value where it is above B's.
    pub a_above_b: [u32; RANKS],
    /// B's value where it is below A's.
    pub b_below_a: [u32; RANKS],
    /// The value where both are equal.
    pub equal: [u32; RANKS],
}

/// The size of a set as its registers alone have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegisterSize {
    /// log2 of the number of registers.
    pub precision: u8,
    /// The most likely number of users.
    pub users: f64,
}

/// What is known of a pair of which one set's users are all listed, each with whether he is in the
/// other set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListedPair {
    /// The set whose users are listed: 0 is A, 1 is B.
    pub side: usize,
    /// Users of the listed set alone.
    pub only: u64,
    /// Users of both.
    pub both: u64,
    /// What the sample of the other set has of its users who aren't listed.
    pub rest: SetSample,
}

/// Everything from which two sets are estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairCounts {
    /// What is exact because all users of one of the sets are listed.
    pub listed: Option<ListedPair>,
    /// Counts of their samples; `None` without samples.
    pub sample: Option<SampleCounts>,
    /// Counts of their registers; `None` without registers.
    pub registers: Option<RegisterCounts>,
    /// What the registers of A and of B say of each by itself, where they can't be compared: each may be
    /// `None`. Left out beside `registers`, which say more.
    pub alone: [Option<RegisterSize>; 2],
    /// |A|, where it is known from elsewhere; left out if the sketch contradicts it (see
    /// [`contradicts`](super::contradicts)).
    pub known_a: Option<u64>,
    /// |B|, if it is known from elsewhere.
    pub known_b: Option<u64>,
    /// The most users that A can have, such as its rows with an ID; left out if the sketch
    /// contradicts it.
    pub most_a: Option<u64>,
    /// The most users that B can have.
    pub most_b: Option<u64>,
}

impl PairCounts {
    /// The same counts with A and B exchanged.
    #[must_use]
    pub fn swapped(&self) -> Self {
        Self {
            listed: self.listed.map(|listed| ListedPair {
                side: 1 - listed.side,
                ..listed
            }),
            sample: self.sample.map(|sample| SampleCounts {
                only_a: sample.only_b,
                only_b: sample.only_a,
                theta_a: sample.theta_b,
                theta_b: sample.theta_a,
                above_a: sample.above_b,
                above_b: sample.above_a,
                ..sample
            }),
            registers: self.registers.map(|registers| RegisterCounts {
                a_below_b: registers.b_below_a,
                b_above_a: registers.a_above_b,
                a_above_b: registers.b_above_a,
                b_below_a: registers.a_below_b,
                ..registers
            }),
            alone: [self.alone[1], self.alone[0]],
            known_a: self.known_b,
            known_b: self.known_a,
            most_a: self.most_b,
            most_b: self.most_a,
        }
    }

    /// By what two orders of the same counts differ.
    pub(super) fn order(&self) -> impl PartialOrd {
        let sample = (self.sample).map(|s| (s.only_a, s.above_a, s.theta_a.to_bits()));
        let registers = (self.registers).map(|r| (r.a_below_b, r.a_above_b));
        let alone = self.alone[0].map(|size| size.users.to_bits());
        (sample, self.known_a, registers, alone, self.most_a)
    }
}

/// Size and threshold of one bottom-k sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetSample {
    /// Hashes below θ.
    pub hashes: u64,
    /// The threshold as a share of all hashes, in (0, 1]; 1 if the sample is the set.
    pub theta: f64,
}

/// Histogram of the registers of one HyperLogLog: how many of them hold each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetRegisters {
    /// log2 of the number of registers.
    pub precision: u8,
    /// Registers by their value.
    pub histogram: [u32; RANKS],
}

/// Everything from which one set is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SetCounts {
    /// Counts of its sample; `None` without one.
    pub sample: Option<SetSample>,
    /// Counts of its registers; `None` without them.
    pub registers: Option<SetRegisters>,
    /// Number of its users, if it is known from elsewhere.
    pub known: Option<u64>,
    /// The most users that it can have, such as its rows with an ID; left out if the sketch
    /// contradicts it.
    pub most: Option<u64>,
}
