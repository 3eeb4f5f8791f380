//! Worked sums, and what holds for any parameters.

use proptest::prelude::*;

use super::*;
use crate::draw::Stream;
use crate::spread::draw;

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn factor(parameter: &str, low: i64, mid: i64, high: i64) -> Factor {
    let [low, mid, high] = [low, mid, high].map(Decimal::from_count);
    Factor { parameter: parameter.to_owned(), range: Range { low, mid, high } }
}

fn line(process: &str, side: Side, item: &str, quantity: Factor, price: Factor, per: i64) -> Line {
    let [stratum, process, item] = ["all", process, item].map(str::to_owned);
    Line { stratum, process, side, item, quantity: Some(quantity), price, per }
}

fn volume(process: &str, electronic: i64, total: i64) -> Volume {
    let [stratum, process] = ["all", process].map(str::to_owned);
    Volume { stratum, process, electronic, total, unmatched: 0 }
}

fn users(service: &str, count: i64) -> Users {
    Users { stratum: "all".to_owned(), service: service.to_owned(), count }
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse(&format!("title = 'x'\nyear = 2013\n{text}")).unwrap()
}

/// Acts: 20 minutes on paper and 5 electronically, at 30 € the hour (10 and 2.50 €), and 2 € of
/// postage: a saving of 9.50 €. At the bounds 9.50 − 5 … and so on.
fn acts() -> Inputs {
    let hour = || factor("hour", 24, 30, 36);
    let once = || factor("one letter", 1, 1, 1);
    Inputs {
        lines: vec![
            line("act", Side::Paper, "time", factor("paper minutes", 10, 20, 30), hour(), 60),
            line("act", Side::Paper, "postage", once(), factor("stamp", 1, 2, 3), 1),
            line("act", Side::Electronic, "time", factor("minutes", 4, 5, 6), hour(), 60),
        ],
        volumes: vec![volume("act", 400, 1000)],
        users: Vec::new(),
    }
}

fn all(sums: &Sums) -> Vec<Range> {
    Measure::ALL.map(|measure| sums.range(measure).unwrap()).to_vec()
}

/// Mid: 10 + 2 − 2.5 = 9.5 €. Low: 10×24/60 + 1 − 6×36/60 = 4 + 1 − 3.6 = 1.4 €. High:
/// 30×36/60 + 3 − 4×24/60 = 18 + 3 − 1.6 = 19.4 €. C05 is 400 of it, C06 2,000, C07 5,000.
#[test]
fn sums_by_hand() {
    let sums = Sums::new(&scenario(""), &acts(), 1..=5, None).unwrap();
    let of = |measure| {
        let Range { low, mid, high } = sums.range(measure).unwrap();
        [low, mid, high].map(|value| value.to_string())
    };
    assert_eq!(of(Measure::Realised), ["560", "3800", "7760"]);
    assert_eq!(of(Measure::AtPresentRate), ["2800", "19000", "38800"]);
    assert_eq!(of(Measure::AtFullRate), ["7000", "47500", "97000"]);
    assert_eq!(of(Measure::Remaining), ["4200", "28500", "58200"]);
    assert_eq!(of(Measure::PoolingNet), ["0", "0", "0"]);
}

/// 10 users, each 60 % of 1,500 € alone: 9,000 € a year. Shared 3,000 € in all, 100 € each.
#[test]
fn pooling_by_hand() {
    let mut inputs = acts();
    let share = || factor("share", 60, 60, 60);
    let one = || factor("one", 1, 1, 1);
    inputs.users = vec![users("sdm", 10)];
    inputs.lines.extend([
        line("service", Side::Alone, "sdm", share(), factor("alone", 1500, 1500, 1500), 100),
        line("service", Side::Shared, "sdm", one(), factor("shared", 3000, 3000, 3000), 1),
        line("service", Side::Own, "sdm", one(), factor("own", 100, 100, 100), 1),
        line("service", Side::Shared, "pes", one(), factor("pes", 9999, 9999, 9999), 1),
    ]);
    let sums = Sums::new(&scenario("pooling_years = 2"), &inputs, 1..=5, None).unwrap();
    let mid = |measure| sums.range(measure).unwrap().mid.to_string();
    assert_eq!(mid(Measure::PoolingGross), "18000");
    assert_eq!(mid(Measure::PoolingNet), "10000");
    assert_eq!(mid(Measure::RealisedNet), "2800");
    assert_eq!(mid(Measure::AtPresentRateNet), "14000");
}

#[test]
fn tornado_by_hand() {
    let sums = Sums::new(&scenario(""), &acts(), 1..=1, None).unwrap();
    let swings: Vec<_> = tornado(&sums, Measure::Realised, None)
        .unwrap()
        .into_iter()
        .map(|Swing { parameter, range }| {
            (parameter, range.low.to_string(), range.high.to_string())
        })
        .collect();
    let expected = [
        // 400 × (10 ± 5 + 2 − 2.5)
        ("paper minutes", "1800", "5800"),
        // The hour is on both sides: 400 × (24 to 36 ÷ 60 × (20 − 5) + 2).
        ("hour", "3200", "4400"),
        ("stamp", "3400", "4200"),
        ("minutes", "3600", "4000"),
    ];
    assert_eq!(swings, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let first = tornado(&sums, Measure::Realised, Some(20)).unwrap().remove(0);
    // 400 × (10 ± 2 + 2 − 2.5)
    let [low, high] = [3000, 4600].map(Decimal::from_count);
    assert_eq!((first.range.low, first.range.high), (low, high));
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let sums = Sums::new(&scenario(""), &acts(), 1..=5, None).unwrap();
    let with = |seed| spread(&sums, Draws { count: 500, seed }).unwrap();
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    let realised = with(1)[Measure::Realised as usize];
    let bounds = sums.range(Measure::Realised).unwrap();
    let order = [
        bounds.low,
        realised.p5,
        realised.p10,
        realised.p50,
        realised.p90,
        realised.p95,
        bounds.high,
    ];
    assert!(order.is_sorted(), "{order:?}");
}

/// The truth is drawn from the same laws; an interval for 90 % must hold it in 90 of 100 cases.
/// Each case has laws of its own: a fixed seed, 1,500 cases, so a standard error of 0.8 points.
#[test]
fn an_interval_for_90_percent_holds_the_truth_in_90_percent() {
    const CASES: u64 = 1500;
    let mut truths = Stream::new(90);
    let mut held = 0;
    for case in 0..CASES {
        let spread_of = i64::try_from(case % 17).unwrap();
        let mut inputs = acts();
        for line in &mut inputs.lines {
            line.price.range.high =
                line.price.range.high.plus(Decimal::from_count(spread_of)).unwrap();
        }
        let sums = Sums::new(&scenario(""), &inputs, 1..=1, None).unwrap();
        let truth = draw(&sums, &mut truths).unwrap()[Measure::Realised as usize];
        let interval = spread(&sums, Draws { count: 400, seed: case }).unwrap();
        let interval = interval[Measure::Realised as usize];
        held += u64::from(interval.p5 <= truth && truth <= interval.p95);
    }
    let percent = held * 1000 / CASES;
    assert!((880..=920).contains(&percent), "{percent} in 1,000");
}

#[test]
fn a_scenario_says_what_is_wrong_with_it() {
    let cases = [
        ("year = 2013", "missing field `title`"),
        ("title = 'x'\nyear = 1999", "year: 1999 is not between 2000 and 2099"),
        ("title = 'x'\nyear = 2013\ngrowth = 1.5", "growth: 1.5 is not between -0.5 and 1"),
        ("title = 'x'\nyear = 2013\nyeers = 5", "unknown field `yeers`"),
        ("title = 'x'\nyear = 2013\n[trajectory.acts]\n2014 = 1", "`acts` is none of act, bid"),
        ("title = 'x'\nyear = 2013\n[trajectory.act]\n2013 = 1", "2013 is not between 2014"),
        ("title = 'x'\nyear = 2013\n[trajectory.act]\n2014 = 1.01", "1.01 is not between 0 and 1"),
        ("title = 'x'\nyear = 2013\n[draws]\ncount = 99", "draws: 99 is not between 100"),
        ("title = 'x'\nyear = 2013\n[parameter.a]\nlow = 2\nmid = 1\nhigh = 3", "0 ≤ low ≤ mid"),
        ("title = 'x'\nyear = 2013\nperimeter.sirens = [\"1' or\"]", "`1' or` is not a SIREN"),
        (
            "title = 'x'\nyear = 2013\n[[volume]]\nprocess = 'act'\nelectronic = 2\ntotal = 1",
            "more electronic units than units in all",
        ),
    ];
    for (text, expected) in cases {
        let error = Scenario::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let unknown = scenario("[parameter.huor]\nlow = 1\nmid = 1\nhigh = 1");
    let error = unknown.apply(acts()).unwrap_err().to_string();
    assert!(error.contains("`huor` is not in force on 31 December 2013"), "{error}");
    assert_eq!(scenario("").apply(Inputs::default()), Err(Error::NoParameter(2013)));
}

#[test]
fn a_scenario_puts_its_own_values_over_what_was_read() {
    let text = "[parameter.stamp]\nlow = 5\nmid = 5\nhigh = 5\n[[volume]]\nprocess = 'act'\n\
                electronic = 10\ntotal = 10";
    let scenario = scenario(text);
    let inputs = scenario.apply(acts()).unwrap();
    let sums = Sums::new(&scenario, &inputs, 1..=1, None).unwrap();
    // 10 × (10 + 5 − 2.5)
    assert_eq!(sums.range(Measure::Realised).unwrap().mid, number("125"));
    assert_eq!(sums.range(Measure::Remaining).unwrap(), Range::point(Decimal::ZERO));
}

/// The reference is put beside the figure, and the gap is (19,000 − 20,000) ÷ 20,000 = −5 %.
#[test]
fn an_outcome_says_how_far_it_is_from_a_reference() {
    let scenario = scenario("[programme]\nonce = 1900\n[draws]\ncount = 100");
    let reference = Reference {
        figure: "five_years".to_owned(),
        measure: "at_present_rate".to_owned(),
        title: "Bilan".to_owned(),
        value: number("20000"),
    };
    let rows = outcome(&scenario, &acts(), &[reference]).unwrap();
    let mid = |section: &str, item: &str| {
        let is_it = |row: &&Row| row.section == section && row.item == item && row.year.is_none();
        rows.iter().find(is_it).and_then(|row| row.mid)
    };
    assert_eq!(mid("gap", "five_years"), Some(-500));
    assert_eq!(mid("reference", "five_years"), Some(2_000_000));
    assert_eq!(mid("rate", "act"), Some(4_000));
    assert_eq!(mid("share", "all"), Some(4_000));
    // 19,000 ÷ 1,900, and 1,900 ÷ (19,000 ÷ 60 months).
    assert_eq!(mid("pay_back", "ratio"), Some(1_000));
    assert_eq!(mid("pay_back", "months"), Some(600));
    assert_eq!(mid("at_trajectory", "all"), None);
    assert_eq!(mid("pooling_net", "all"), None);
}

/// Ranges such that electronic is never dearer than paper: what is saved is never negative.
fn inputs() -> impl Strategy<Value = (Inputs, bool)> {
    let range = || (0_i64..1000, 0_i64..500, 0_i64..500);
    let volumes = prop::collection::vec((0_i64..100_000, 0_i64..100_000, any::<bool>()), 1..4);
    (range(), range(), 1_i64..100, volumes).prop_map(|(paper, price, per, volumes)| {
        let of = |name: &str, (low, more, still): (i64, i64, i64)| {
            factor(name, low + 1, low + 1 + more, low + 1 + more + still)
        };
        let volumes: Vec<_> = volumes
            .into_iter()
            .map(|(electronic, paper, full)| {
                volume("act", electronic, electronic + if full { 0 } else { paper })
            })
            .collect();
        let all_is_electronic = volumes.iter().all(|volume| volume.electronic == volume.total);
        let lines = vec![line("act", Side::Paper, "x", of("q", paper), of("p", price), per)];
        (Inputs { lines, volumes, users: Vec::new() }, all_is_electronic)
    })
}

proptest! {
    /// 0 ≤ C06 ≤ C07, equal if and only if all is electronic (or there is nothing).
    #[test]
    fn the_present_rate_saves_no_more_than_the_full_one(
        (inputs, all_is_electronic) in inputs(),
        growth in -500_000_i128..1_000_000,
    ) {
        let mut scenario = scenario("");
        scenario.growth = Decimal::from_millionths(growth);
        let sums = Sums::new(&scenario, &inputs, 1..=5, None).unwrap();
        let [now, full] =
            [Measure::AtPresentRate, Measure::AtFullRate].map(|of| sums.range(of).unwrap());
        for (now, full) in [(now.low, full.low), (now.mid, full.mid), (now.high, full.high)] {
            prop_assert!(Decimal::ZERO <= now && now <= full);
            prop_assert_eq!(now == full, all_is_electronic, "{} {}", now, full);
            // C08 is what lies between them.
        }
        let remaining = sums.range(Measure::Remaining).unwrap();
        prop_assert_eq!(remaining.mid, full.mid.minus(now.mid).unwrap());
    }

    /// Without uncertainty every quantile is the deterministic figure, to the cent.
    #[test]
    fn what_is_known_exactly_has_no_interval((mut inputs, _) in inputs(), seed: u64) {
        for line in &mut inputs.lines {
            for factor in line.quantity.iter_mut().chain([&mut line.price]) {
                factor.range = Range::point(factor.range.mid);
            }
        }
        let sums = Sums::new(&scenario(""), &inputs, 1..=5, None).unwrap();
        for (range, interval) in all(&sums).into_iter().zip(spread(&sums, Draws { count: 100, seed }).unwrap()) {
            prop_assert_eq!(range.low, range.high);
            for quantile in [interval.p5, interval.p10, interval.p50, interval.p90, interval.p95] {
                prop_assert_eq!(quantile.hundredths(), range.mid.hundredths());
            }
        }
    }

    /// No draw leads beyond the bounds.
    #[test]
    fn draws_stay_within_the_bounds((inputs, _) in inputs(), seed: u64) {
        let sums = Sums::new(&scenario(""), &inputs, 1..=5, None).unwrap();
        let mut stream = Stream::new(seed);
        for _ in 0..20 {
            let totals = draw(&sums, &mut stream).unwrap();
            for (range, total) in all(&sums).into_iter().zip(totals) {
                prop_assert!(range.low <= total && total <= range.high);
            }
        }
    }
}
