//! What a scenario reads: costs, volumes, users of services and reference figures.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use carnac_savings::{
    Decimal, Factor, Inputs, Line, Range, Reference, Scenario, Side, Users, Volume,
};
use datafusion::catalog::Session;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::SessionState;
use datafusion::physical_plan::collect;

/// Costs in force, in an order that does not depend on how they are stored: draws follow it.
const LINES: &str = "
    select stratum_code, process, side, item, price_parameter, quantity_parameter,
        cast(per_count as bigint) as per_count, price_low, price_mid, price_high,
        quantity_low, quantity_mid, quantity_high
    from core.cost_lines where period = '{year}'
    order by process, item, side, stratum_code";

/// Units of the authorities that use a service in the year.
const VOLUMES: &str = "
    select v.stratum_code, v.process,
        sum(case when v.total_count is null then 0 else v.electronic_count end) as electronic,
        coalesce(sum(v.total_count), 0) as total,
        sum(case when v.total_count is null then v.electronic_count else 0 end) as unmatched
    from cube.volumes as v
    inner join (select distinct siren from cube.volumes where period = '{year}' and electronic_count > 0) as u
        on v.siren = u.siren
    where v.period = '{year}' {perimeter}
    group by v.stratum_code, v.process order by v.process, v.stratum_code";

const USERS: &str = "
    select v.stratum_code, service_of_process(v.process) as service, count(distinct v.siren) as count
    from cube.volumes as v
    where v.period = '{year}' and v.electronic_count > 0
        and service_of_process(v.process) is not null {perimeter}
    group by v.stratum_code, service_of_process(v.process) order by service, v.stratum_code";

const REFERENCES: &str = "
    select figure, measure, title, value from core.reference_figures
    where edition = '{edition}' and measure is not null order by figure";

/// The last whole year for which something can be projected.
const LAST_YEAR: &str = "
    select max(period_year(v.period)) as year
    from cube.volumes as v
    inner join cube.unit_savings as u
        on v.period = u.period and v.stratum_code = u.stratum_code and v.process = u.process
    inner join (select distinct period, as_of_date from core.authority_years) as y on v.period = y.period
    where v.total_count is not null and v.electronic_count > 0 and y.as_of_date = period_end(v.period)";

/// Names the base year of a scenario that names none; none when there is none.
pub(super) async fn dated(state: &dyn Session, scenario: &Scenario) -> Result<Option<Scenario>> {
    let mut scenario = scenario.clone();
    if scenario.year.is_none() {
        let found = rows(session(state)?, LAST_YEAR).await?;
        let years = found.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>());
        let Some(year) = years.flatten().next() else { return Ok(None) };
        scenario.year = i32::try_from(year).ok();
        scenario.check().map_err(|error| DataFusionError::External(Box::new(error)))?;
    }
    Ok(Some(scenario))
}

/// Reads all that a scenario needs, as the one who asks sees it.
pub(super) async fn all(
    state: &dyn Session,
    scenario: &Scenario,
) -> Result<(Inputs, Vec<Reference>)> {
    let state = session(state)?;
    let year = scenario.base_year().map_err(|error| DataFusionError::External(Box::new(error)))?;
    let year = year.to_string();
    let ask = |sql: &str| {
        sql.replace("{year}", &year)
            .replace("{perimeter}", &perimeter(scenario))
            .replace("{edition}", &edition(scenario))
    };
    let mut inputs = Inputs::default();
    for batch in rows(state, &ask(LINES)).await? {
        lines(&batch, &mut inputs.lines)?;
    }
    if scenario.volume.is_none() {
        for batch in rows(state, &ask(VOLUMES)).await? {
            volumes(&batch, &mut inputs.volumes);
        }
    }
    if scenario.user.is_none() {
        for batch in rows(state, &ask(USERS)).await? {
            users(&batch, &mut inputs.users);
        }
    }
    let mut references = Vec::new();
    if scenario.compare.is_some() {
        for batch in rows(state, &ask(REFERENCES)).await? {
            figures(&batch, &mut references)?;
        }
        if references.is_empty() {
            return Err(unknown_edition(scenario));
        }
    }
    Ok((inputs, references))
}

fn session(state: &dyn Session) -> Result<&SessionState> {
    match state.as_any().downcast_ref() {
        Some(state) => Ok(state),
        None => internal_err!("a session has a state"),
    }
}

fn unknown_edition(scenario: &Scenario) -> DataFusionError {
    let name = scenario.compare.as_deref().unwrap_or_default();
    DataFusionError::External(Box::new(carnac_savings::Error::Impossible {
        what: "compare".to_owned(),
        reason: format!("there are no reference figures named `{name}`"),
    }))
}

/// A condition on SIREN and strata; both were checked when the scenario was read.
fn perimeter(scenario: &Scenario) -> String {
    let among = |column: &str, values: &[String]| {
        if values.is_empty() {
            return String::new();
        }
        format!(" and {column} in ('{}')", values.join("', '"))
    };
    among("v.siren", &scenario.perimeter.sirens)
        + &among("v.stratum_code", &scenario.perimeter.strata)
}

/// An edition as a text of SQL.
fn edition(scenario: &Scenario) -> String {
    scenario.compare.as_deref().unwrap_or_default().replace('\'', "''")
}

/// Answers a query of our own within the query of the one who asks.
async fn rows(state: &SessionState, sql: &str) -> Result<Vec<RecordBatch>> {
    let hidden = |_| {
        let reason = "a scenario reads the schemas core and cube, which are not there for you";
        DataFusionError::External(Box::new(carnac_savings::Error::Unreadable(reason.to_owned())))
    };
    let plan = state.create_logical_plan(sql).await.map_err(hidden)?;
    let plan = state.create_physical_plan(&plan).await?;
    collect(plan, state.task_ctx()).await
}

/// The columns of a batch, by place.
struct Columns<'b>(&'b RecordBatch);

impl Columns<'_> {
    fn text(&self, column: usize, row: usize) -> String {
        self.known(column, row).unwrap_or_default()
    }

    fn known(&self, column: usize, row: usize) -> Option<String> {
        let texts = self.0.column(column).as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    }

    fn count(&self, column: usize, row: usize) -> i64 {
        self.0.column(column).as_primitive::<Int64Type>().value(row)
    }

    fn decimal(&self, column: usize, row: usize) -> Result<Decimal> {
        let hundredths = self.0.column(column).as_primitive::<Decimal128Type>().value(row);
        Decimal::from_hundredths(hundredths)
            .map_err(|error| DataFusionError::External(Box::new(error)))
    }

    /// Three columns from this one on.
    fn range(&self, column: usize, row: usize) -> Result<Range> {
        Ok(Range {
            low: self.decimal(column, row)?,
            mid: self.decimal(column + 1, row)?,
            high: self.decimal(column + 2, row)?,
        })
    }
}

fn lines(batch: &RecordBatch, lines: &mut Vec<Line>) -> Result<()> {
    let columns = Columns(batch);
    for row in 0..batch.num_rows() {
        let Some(side) = Side::parse(&columns.text(2, row)) else { continue };
        let quantity = match columns.known(5, row) {
            Some(parameter) => Some(Factor { parameter, range: columns.range(10, row)? }),
            None => None,
        };
        lines.push(Line {
            stratum: columns.text(0, row),
            process: columns.text(1, row),
            side,
            item: columns.text(3, row),
            quantity,
            price: Factor { parameter: columns.text(4, row), range: columns.range(7, row)? },
            per: columns.count(6, row),
        });
    }
    Ok(())
}

fn volumes(batch: &RecordBatch, volumes: &mut Vec<Volume>) {
    let columns = Columns(batch);
    volumes.extend((0..batch.num_rows()).map(|row| Volume {
        stratum: columns.text(0, row),
        process: columns.text(1, row),
        electronic: columns.count(2, row),
        total: columns.count(3, row),
        unmatched: columns.count(4, row),
    }));
}

fn users(batch: &RecordBatch, users: &mut Vec<Users>) {
    let columns = Columns(batch);
    users.extend((0..batch.num_rows()).map(|row| Users {
        stratum: columns.text(0, row),
        service: columns.text(1, row),
        count: columns.count(2, row),
    }));
}

fn figures(batch: &RecordBatch, figures: &mut Vec<Reference>) -> Result<()> {
    let columns = Columns(batch);
    for row in 0..batch.num_rows() {
        figures.push(Reference {
            figure: columns.text(0, row),
            measure: columns.text(1, row),
            title: columns.text(2, row),
            value: columns.decimal(3, row)?,
        });
    }
    Ok(())
}
