//! What a reader of a file or of a number learns of single users, measured on made-up sets: `cargo xtask leakage` puts the
//! table into `docs/PRIVACY.md`, `cargo test --bench leakage -- print` prints it. Seeded.
//!
//! The reader has an ID and wants to know whether its user is in the set. *Proven* are members of whom that is certain, *excluded*
//! others of whom the contrary is; the *advantage* of the best guess is how much more often it says "in" of members than of
//! others: 0 is a coin, 1 is certainty.

use overlap::id::{IdBatch, IdSink, Profile};
use overlap::{
    BatchHasher, Filter, Grid, GridSketcher, HashScheme, HashSink, Key, NoisyGrid, Random, Sketch,
    SketchOptions, Sketcher, Tally, hash_integer,
};

/// Users in every set, and as many who are in none.
const USERS: i64 = 1_000_000;

const EPSILONS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if !has("write") && !has("print") {
        // `cargo test --benches` runs benches too, with flags of its own.
        return;
    }
    let table = table();
    if has("print") {
        print!("{table}");
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/PRIVACY.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (begin, end) = ("<!-- leakage -->\n", "<!-- end of leakage -->");
    let (before, rest) = page.split_once(begin).expect("has a place for the table");
    let (_, after) = rest.split_once(end).expect("the place has an end");
    let page = format!("{before}{begin}{table}{end}{after}");
    std::fs::write(path, page).expect("docs/ is writable");
}

fn table() -> String {
    let mut out = String::from(
        "| what the reader has | setting | members proven | others excluded | advantage | most that it can be |\n|---|---|---:|---:|---:|---:|\n",
    );
    let mut row = |what: &str, setting: &str, learned: Learned| {
        out += &format!("| {what} | {setting} | {} |\n", learned.cells());
    };
    row("the IDs", "", Learned::all());
    for bits in [10, 12, 14, 16, 18, 20] {
        let sketch = sketch(bits, None);
        row(
            "a sketch without a key",
            &k(bits),
            of_sketch(&sketch, hash_integer),
        );
    }
    let key = Key::from_bytes(&std::array::from_fn(|byte| byte as u8 ^ 0x5a)).expect("a key");
    for bits in [16, 20] {
        let keyed = sketch(bits, Some(&key));
        // Without the key any hash is as good as another.
        row(
            "a keyed sketch, without the key",
            &k(bits),
            of_guesses(&keyed),
        );
    }
    for bits in [16, 20] {
        row("a keyed sketch and the key", &k(bits), of_keyed(&key, bits));
    }
    for epsilon in EPSILONS {
        row(
            "a sketch with noise",
            &e(epsilon),
            of_grid(epsilon, 18, 1, false),
        );
    }
    for epsilon in EPSILONS {
        let what = "a sketch with noise, and all other users";
        row(what, &e(epsilon), of_grid(epsilon, 22, 2, true));
    }
    for epsilon in EPSILONS {
        let what = "numbers with noise, and all other users";
        row(what, &e(epsilon), of_numbers(epsilon));
    }
    row("a message of private overlap", "any k", Learned::none());
    for bits in [10, 12, 14, 16, 18, 20] {
        let what = "the result of private overlap, and all other users";
        row(what, &k(bits), of_result(bits, None));
    }
    for epsilon in EPSILONS {
        let what = "the same with noise";
        let setting = format!("{}, {}", k(16), e(epsilon));
        row(what, &setting, of_result(16, Some(epsilon)));
    }
    out
}

fn k(bits: u32) -> String {
    format!("k = 2^{bits}")
}

fn e(epsilon: f64) -> String {
    format!("ε = {epsilon}")
}

/// What a reader learns of single users.
struct Learned {
    proven: f64,
    excluded: f64,
    advantage: f64,
    /// One standard deviation of the advantage; 0 where it was counted.
    error: f64,
    /// The most that the advantage can be, if that is promised.
    most: Option<f64>,
}

impl Learned {
    const fn all() -> Self {
        Self::certain(1.0, 1.0, 1.0)
    }

    const fn none() -> Self {
        Self::certain(0.0, 0.0, 0.0)
    }

    const fn certain(proven: f64, excluded: f64, advantage: f64) -> Self {
        Self {
            proven,
            excluded,
            advantage,
            error: 0.0,
            most: None,
        }
    }

    /// The advantage of guessing "in" for `hits` of `members` and for `false_hits` of `others`.
    fn guessed(hits: f64, members: f64, false_hits: f64, others: f64, epsilon: f64) -> Self {
        let (rate, false_rate) = (hits / members, false_hits / others);
        let variance = rate * (1.0 - rate) / members + false_rate * (1.0 - false_rate) / others;
        let learned = Self {
            proven: 0.0,
            excluded: 0.0,
            advantage: rate - false_rate,
            error: variance.sqrt(),
            most: Some((epsilon.exp() - 1.0) / (epsilon.exp() + 1.0)),
        };
        learned.keeps_its_promise();
        learned
    }

    fn keeps_its_promise(&self) {
        if let Some(most) = self.most {
            let (advantage, room) = (self.advantage, 4.0 * self.error);
            assert!(advantage <= most + room, "{advantage} of {most} ± {room}");
        }
    }

    fn cells(&self) -> String {
        let percent = |share: f64| match share {
            0.0 => "none".to_owned(),
            1.0 => "all".to_owned(),
            _ => format!("{:.2} %", share * 100.0),
        };
        let error = match self.error {
            0.0 => String::new(),
            error => format!(" ± {error:.4}"),
        };
        let most = self.most.map_or("–".into(), |most| format!("{most:.4}"));
        let (proven, excluded) = (percent(self.proven), percent(self.excluded));
        format!(
            "{proven} | {excluded} | {:.4}{error} | {most}",
            self.advantage
        )
    }
}

fn members() -> Vec<i64> {
    (0..USERS).collect()
}

fn sketch(bits: u32, key: Option<&Key>) -> Sketch {
    let options = SketchOptions::new(16, 1 << bits).expect("a size");
    let mut sketcher = Sketcher::new(options);
    if let Some(key) = key {
        sketcher = sketcher.with_key(key);
    }
    let ids = members();
    sketcher.push(IdBatch::Integers(&ids)).expect("pushes");
    sketcher.finish(Tally {
        rows: ids.len() as u64,
        nulls: 0,
    })
}

/// What a sketch says of a hash: `Some(true)` of a user who is in it, `Some(false)` of one who isn't in the set.
fn says(sketch: &Sketch, hash: u64) -> Option<bool> {
    let (sample, registers) = (sketch.sample()?, sketch.registers()?);
    let sampled = hash >> (u64::BITS - sample.bits());
    if sampled < sample.theta() {
        return Some(sample.hashes().binary_search(&sampled).is_ok());
    }
    let p = registers.precision().get();
    let rank = ((hash >> p) | 1 << (64 - p)).trailing_zeros() as u8 + 1;
    let register = registers.registers()[(hash & ((1 << p) - 1)) as usize];
    (register < rank).then_some(false)
}

/// The best guess is "in" unless the contrary is proven: no register that is high enough is less likely for members.
fn of_sketch(sketch: &Sketch, hash: impl Fn(i64) -> u64) -> Learned {
    let count = |ids: std::ops::Range<i64>, answer: bool| {
        let found = ids.filter(|&id| says(sketch, hash(id)) == Some(answer));
        found.count() as f64 / USERS as f64
    };
    let proven = count(0..USERS, true);
    assert_eq!(count(0..USERS, false), 0.0, "a member is never excluded");
    let excluded = count(USERS..2 * USERS, false);
    Learned::certain(proven, excluded, excluded)
}

/// A reader without the key, who takes the open hash instead.
fn of_guesses(keyed: &Sketch) -> Learned {
    assert!(matches!(keyed.hash(), HashScheme::Keyed(_)));
    let is_in = |ids: std::ops::Range<i64>| {
        let kept = ids.filter(|&id| says(keyed, hash_integer(id)) != Some(false));
        kept.count() as f64
    };
    let users = USERS as f64;
    let (hits, false_hits) = (is_in(0..USERS), is_in(USERS..2 * USERS));
    let learned = Learned::guessed(hits, users, false_hits, users, 0.0);
    assert!(learned.advantage.abs() <= 5.0 * learned.error, "a guess");
    Learned {
        most: None,
        ..learned
    }
}

/// Keeps all hashes, in the order of the IDs.
struct Hashes(Vec<u64>);

impl HashSink for Hashes {
    fn filter(&self) -> Filter {
        Filter::ALL
    }

    fn take(&mut self, hashes: &[u64]) {
        self.0.extend_from_slice(hashes);
    }
}

/// A reader with the key, who hashes all IDs with it.
fn of_keyed(key: &Key, bits: u32) -> Learned {
    let ids: Vec<i64> = (0..2 * USERS).collect();
    let mut hashes = Hashes(Vec::new());
    let mut hasher = BatchHasher::default().with_key(Some(key.clone()));
    hasher.hash(IdBatch::Integers(&ids), &mut hashes);
    assert_eq!(hashes.0.len(), ids.len());
    of_sketch(&sketch(bits, Some(key)), |id| hashes.0[id as usize])
}

/// The bit of an ID in a grid.
fn bit(grid: &Grid, id: i64) -> bool {
    let (word, bit) = place(grid.precision(), id);
    grid.words()[word] >> bit & 1 == 1
}

/// Where the bit of an ID is: as `docs/noise.md` says.
fn place(precision: u8, id: i64) -> (usize, u64) {
    let hash = hash_integer(id);
    let bucket = hash & ((1 << precision) - 1);
    let rest = hash >> precision;
    let level = u64::from(rest.trailing_zeros()).min(Grid::LEVELS as u64 - 1);
    let at = (level << precision) | bucket;
    ((at >> 6) as usize, at & 63)
}

/// The best guess is "in" where the bit is set. With `alone` the reader knows all other users, and is asked about IDs whose
/// bit none of them sets; members and others are as many draws.
fn of_grid(epsilon: f64, precision: u8, files: u64, alone: bool) -> Learned {
    let millionths = NoisyGrid::millionths(epsilon).expect("in range");
    let mut set = vec![0_u8; Grid::word_count(precision) * 64];
    for id in 0..USERS {
        let (word, bit) = place(precision, id);
        let users = &mut set[word * 64 + bit as usize];
        *users = users.saturating_add(1);
    }
    let users = |id: i64| {
        let (word, bit) = place(precision, id);
        set[word * 64 + bit as usize]
    };
    let (mut hits, mut members, mut false_hits, mut others) = (0.0, 0.0, 0.0, 0.0);
    for file in 0..files {
        let mut random = Random::new([31 + file as u8; 32]);
        let mut sketcher = GridSketcher::new(precision, None).expect("a size");
        sketcher
            .push(IdBatch::Integers(&self::members()))
            .expect("pushes");
        let noisy = sketcher.finish(Profile::default(), millionths, &mut || random.number());
        for id in (0..USERS).filter(|&id| !alone || users(id) == 1) {
            members += 1.0;
            hits += f64::from(u8::from(bit(noisy.grid(), id)));
        }
        for id in (USERS..2 * USERS).filter(|&id| !alone || users(id) == 0) {
            others += 1.0;
            false_hits += f64::from(u8::from(bit(noisy.grid(), id)));
        }
    }
    assert!(
        members >= 1e6 && others >= 1e6,
        "{members} and {others} draws"
    );
    Learned::guessed(hits, members, false_hits, others, epsilon)
}

/// Two regions with noise, of which the reader knows all users but one: is that user in the first or in the second? The
/// likelier one is guessed, and where they are as likely a coin is thrown.
fn of_numbers(epsilon: f64) -> Learned {
    const DRAWS: u32 = 1_000_000;
    let millionths = NoisyGrid::millionths(epsilon).expect("in range");
    let mut random = Random::new([77; 32]);
    let mut guesses = |first: i64, second: i64| {
        let mut said = 0.0;
        for _ in 0..DRAWS {
            let mut noise = || random.laplace(millionths, 2_000_000);
            let (one, two) = (first + noise(), second + noise());
            // How much further the numbers are from one truth than from the other.
            let nearer = (one.abs() - (one - 1).abs()) + ((two - 1).abs() - two.abs());
            said += match nearer {
                0 => 0.5,
                nearer => f64::from(u8::from(nearer > 0)),
            };
        }
        said
    };
    let (hits, false_hits) = (guesses(1, 0), guesses(0, 1));
    let draws = f64::from(DRAWS);
    Learned::guessed(hits, draws, false_hits, draws, epsilon)
}

/// The number of common users of two samples, by a reader who knows all users of the other side but one and has all of them
/// in the own set: the number is 1 higher if that user is in the set and in the sample.
fn of_result(bits: u32, epsilon: Option<f64>) -> Learned {
    let sketch = sketch(bits, None);
    let theta = sketch.sample().expect("has one").theta();
    let is_sampled = |id: i64| hash_integer(id) >> 16 < theta;
    let Some(epsilon) = epsilon else {
        let sampled = (0..USERS).filter(|&id| is_sampled(id)).count();
        let excluded = (USERS..2 * USERS).filter(|&id| is_sampled(id)).count();
        let share = |count: usize| count as f64 / USERS as f64;
        return Learned::certain(share(sampled), share(excluded), share(sampled));
    };
    let millionths = NoisyGrid::millionths(epsilon).expect("in range");
    let mut random = Random::new([78; 32]);
    let mut guesses = |ids: std::ops::Range<i64>, is_member: bool| {
        let mut said = 0.0;
        for id in ids {
            // The reader knows whether the ID would be in the sample; if not, any guess is as good.
            said += match is_sampled(id) {
                false => 0.5,
                true => {
                    let number = i64::from(is_member) + random.laplace(millionths, 1_000_000);
                    f64::from(u8::from(number >= 1))
                }
            };
        }
        said
    };
    let (hits, false_hits) = (guesses(0..USERS, true), guesses(USERS..2 * USERS, false));
    let users = USERS as f64;
    Learned::guessed(hits, users, false_hits, users, epsilon)
}
