//! All that a scenario tells, as rows of one shape.

use crate::{
    Decimal, Draws, Inputs, Measure, PROCESSES, Range, Result, Scenario, Sums, spread, tornado,
};

/// One figure, with its bounds where it has any. Amounts, per cents, ratios and months alike have
/// two decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What kind of figure: `scenario` (no figure), a measure, `rate`, `share`, `pay_back`, `interval_90`, `tornado_20`…
    pub section: &'static str,
    /// What it is of: a process, a measure, a parameter, a reference figure, or `all`.
    pub item: String,
    /// What a reader is told, in French.
    pub title: String,
    /// The year, of what is told by year.
    pub year: Option<i32>,
    /// Lower bound, in hundredths.
    pub low: Option<i128>,
    /// Middle value, in hundredths.
    pub mid: Option<i128>,
    /// Upper bound, in hundredths.
    pub high: Option<i128>,
    /// `eur`, `percent`, `ratio` or `month`; `text` of a row without a figure.
    pub unit: &'static str,
}

/// A published figure that a scenario is compared with. It is never computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its identifier.
    pub figure: String,
    /// What of a scenario is compared with it: the name of a [`Measure`], or `share`.
    pub measure: String,
    /// What it says.
    pub title: String,
    /// Its value.
    pub value: Decimal,
}

/// Measures that are told by process and by year too.
const PROJECTED: [Measure; 4] =
    [Measure::AtPresentRate, Measure::AtTrajectory, Measure::AtFullRate, Measure::Remaining];

/// Computes a scenario on inputs that it was applied to.
///
/// # Errors
/// When the numbers are too large.
pub fn outcome(scenario: &Scenario, inputs: &Inputs, references: &[Reference]) -> Result<Vec<Row>> {
    let sums = Sums::new(scenario, inputs, 1..=scenario.years, None)?;
    let mut rows = about(scenario);
    rows.extend(rates(inputs)?);
    for measure in Measure::ALL.into_iter().filter(|measure| is_told(scenario, inputs, *measure)) {
        rows.push(euros(measure, "all", None, sums.range(measure)?));
        by_process(scenario, inputs, measure, &mut rows)?;
        by_year(scenario, inputs, measure, &mut rows)?;
    }
    let share = share(&sums)?;
    rows.extend(share.map(|share| point("share", "all", SHARE, share, "percent")));
    pay_back(scenario, &sums, &mut rows)?;
    for interval in spread(&sums, scenario.draws)? {
        if !is_told(scenario, inputs, interval.measure) {
            continue;
        }
        let mut row = |section, low, high, label: &str| {
            let range = Range { low, mid: interval.p50, high };
            let title = format!("{}, {label}", interval.measure.title());
            rows.push(ranged(section, interval.measure.name(), title, range, "eur"));
        };
        row("interval_90", interval.p5, interval.p95, "intervalle à 90 %");
        row("interval_80", interval.p10, interval.p90, "intervalle à 80 %");
    }
    swings(&sums, &mut rows)?;
    compare(&sums, share, references, &mut rows)?;
    Ok(rows)
}

const SHARE: &str = "Part déjà acquise de la projection à 100 % (C06/C07)";

/// Whether a measure has anything to tell in this scenario.
fn is_told(scenario: &Scenario, inputs: &Inputs, measure: Measure) -> bool {
    match measure {
        Measure::AtTrajectory => !scenario.trajectory.is_empty(),
        Measure::PoolingGross | Measure::PoolingNet => {
            inputs.users.iter().any(|users| users.count > 0)
        }
        Measure::Realised
        | Measure::RealisedNet
        | Measure::AtPresentRate
        | Measure::AtPresentRateNet
        | Measure::AtFullRate
        | Measure::Remaining => true,
    }
}

/// What the figures rest on: the base year, and how parameters are drawn.
fn about(scenario: &Scenario) -> Vec<Row> {
    let Draws { count, seed } = scenario.draws;
    let row = |item: &str, title: String| Row {
        section: "scenario",
        item: item.to_owned(),
        title,
        year: scenario.year,
        low: None,
        mid: None,
        high: None,
        unit: "text",
    };
    vec![
        row("title", scenario.title.clone()),
        row("draws", format!("{count} tirages indépendants, graine {seed}")),
    ]
}

fn rates(inputs: &Inputs) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for process in PROCESSES {
        let mut sums = (Decimal::ZERO, Decimal::ZERO);
        for volume in inputs.volumes.iter().filter(|volume| volume.process == process) {
            sums.0 = sums.0.plus(Decimal::from_count(volume.electronic))?;
            sums.1 = sums.1.plus(Decimal::from_count(volume.total))?;
        }
        if let Some(rate) = sums.0.over(sums.1)? {
            let title = format!("Taux actuel, {}", name(process));
            rows.push(point("rate", process, &title, percent(rate)?, "percent"));
        }
    }
    Ok(rows)
}

fn by_process(
    scenario: &Scenario,
    inputs: &Inputs,
    measure: Measure,
    rows: &mut Vec<Row>,
) -> Result<()> {
    if measure != Measure::Realised && !PROJECTED.contains(&measure) {
        return Ok(());
    }
    for process in PROCESSES {
        if inputs.volumes.iter().any(|volume| volume.process == process) {
            let sums = Sums::new(scenario, inputs, 1..=scenario.years, Some(process))?;
            rows.push(euros(measure, process, None, sums.range(measure)?));
        }
    }
    Ok(())
}

fn by_year(
    scenario: &Scenario,
    inputs: &Inputs,
    measure: Measure,
    rows: &mut Vec<Row>,
) -> Result<()> {
    if !PROJECTED.contains(&measure) {
        return Ok(());
    }
    let base = scenario.base_year()?;
    for year in 1..=scenario.years {
        let sums = Sums::new(scenario, inputs, year..=year, None)?;
        rows.push(euros(measure, "all", Some(base + year), sums.range(measure)?));
    }
    Ok(())
}

/// C06 ÷ C07 in per cent; undefined over nothing.
fn share(sums: &Sums) -> Result<Option<Decimal>> {
    let mid = |measure| Ok(sums.range(measure)?.mid);
    let share = mid(Measure::AtPresentRate)?.over(mid(Measure::AtFullRate)?)?;
    share.map(percent).transpose()
}

/// C09: net savings over what the programme costs, and the months until it is paid back.
fn pay_back(scenario: &Scenario, sums: &Sums, rows: &mut Vec<Row>) -> Result<()> {
    let years = i64::from(scenario.years);
    let yearly = scenario.programme.yearly.times(Decimal::from_count(years))?;
    let cost = scenario.programme.once.plus(yearly)?;
    let net = sums.range(Measure::AtPresentRateNet)?;
    if cost == Decimal::ZERO {
        return Ok(());
    }
    let ratio = |net: Decimal| Ok(net.over(cost)?.map(Decimal::hundredths));
    rows.push(Row {
        section: "pay_back",
        item: "ratio".to_owned(),
        title: "Économies nettes rapportées au coût du programme (C09)".to_owned(),
        year: None,
        low: ratio(net.low)?,
        mid: ratio(net.mid)?,
        high: ratio(net.high)?,
        unit: "ratio",
    });
    let months = |net: Decimal| -> Result<Option<i128>> {
        let monthly = net.minus(yearly)?;
        if monthly <= Decimal::ZERO {
            return Ok(None);
        }
        let spent = scenario.programme.once.times(Decimal::from_count(12 * years))?;
        Ok(spent.over(monthly)?.map(Decimal::hundredths))
    };
    rows.push(Row {
        section: "pay_back",
        item: "months".to_owned(),
        title: "Mois jusqu’au retour sur investissement (C09)".to_owned(),
        year: None,
        low: months(net.high)?,
        mid: months(net.mid)?,
        high: months(net.low)?,
        unit: "month",
    });
    Ok(())
}

fn swings(sums: &Sums, rows: &mut Vec<Row>) -> Result<()> {
    let ways = [
        ("tornado_bounds", None, "entre ses bornes"),
        ("tornado_20", Some(20), "± 20 %"),
        ("tornado_10", Some(10), "± 10 %"),
    ];
    for (section, percent, label) in ways {
        for swing in tornado(sums, Measure::AtPresentRate, percent)? {
            let title = format!("Effet sur C06 de {} ({label})", swing.parameter);
            rows.push(ranged(section, &swing.parameter, title, swing.range, "eur"));
        }
    }
    Ok(())
}

/// Reference figures, and how far the computed ones are from them, in per cent of the reference.
fn compare(
    sums: &Sums,
    share: Option<Decimal>,
    references: &[Reference],
    rows: &mut Vec<Row>,
) -> Result<()> {
    for reference in references {
        let measure = Measure::ALL.into_iter().find(|of| of.name() == reference.measure);
        let (computed, unit) = match measure {
            Some(measure) => (Some(sums.range(measure)?.mid), "eur"),
            None => (share, "percent"),
        };
        let Reference { figure, title, value, .. } = reference;
        rows.push(point("reference", figure, title, *value, unit));
        let off = |computed: Decimal| computed.minus(*value)?.over(*value);
        if let Some(gap) = computed.map(off).transpose()?.flatten() {
            let title = format!("Écart du calcul : {title}");
            rows.push(point("gap", figure, &title, percent(gap)?, "percent"));
        }
    }
    Ok(())
}

fn percent(ratio: Decimal) -> Result<Decimal> {
    ratio.times(Decimal::from_count(100))
}

fn euros(measure: Measure, item: &str, year: Option<i32>, range: Range) -> Row {
    let of = match (item, year) {
        ("all", None) => String::new(),
        ("all", Some(year)) => format!(", {year}"),
        (process, _) => format!(", {}", name(process)),
    };
    let title = format!("{}{of}", measure.title());
    Row { year, ..ranged(measure.name(), item, title, range, "eur") }
}

fn ranged(
    section: &'static str,
    item: &str,
    title: String,
    range: Range,
    unit: &'static str,
) -> Row {
    Row {
        section,
        item: item.to_owned(),
        title,
        year: None,
        low: Some(range.low.hundredths()),
        mid: Some(range.mid.hundredths()),
        high: Some(range.high.hundredths()),
        unit,
    }
}

fn point(
    section: &'static str,
    item: &str,
    title: &str,
    value: Decimal,
    unit: &'static str,
) -> Row {
    let row = ranged(section, item, title.to_owned(), Range::point(value), unit);
    Row { low: None, high: None, ..row }
}

/// A process in French.
fn name(process: &str) -> &str {
    match process {
        "act" => "actes",
        "bid" => "plis",
        "consultation" => "consultations",
        "flow" => "flux comptables",
        other => other,
    }
}
