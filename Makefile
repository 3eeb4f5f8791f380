.PHONY: check test bench load soak recompute fuzz doc clients clients-others run wire tpch

# Everything a change must pass, but for the real clients.
check:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace

test:
	cargo test --locked

bench:
	cargo bench --locked

# A gigabyte of acts beside DuckDB's unchecked load of it; `make clients` installs DuckDB.
load:
	cargo build --release --locked
	target/clients-venv/bin/python -B benches/load.py target/release/carnac

# Twelve indicators once more, by DuckDB from the Parquet files of three releases, to the last digit;
# `make clients` installs DuckDB.
recompute:
	cargo build --release --locked
	target/clients-venv/bin/python -B tests/recompute/recompute.py target/release/carnac

# Random queries against the server's own logic and against DuckDB: WIRE_COUNT of them, a seed that is
# printed unless WIRE_SEED names one; `make clients` installs what it needs.
WIRE_COUNT = 10000
WIRE_SEED =
wire:
	cargo build --release --locked
	tests/wire/run.sh target/release/carnac $(WIRE_COUNT) $(WIRE_SEED)

# The 22 queries of TPC-H by Flight SQL, at a gigabyte unless TPCH_SCALE says otherwise: the rows are
# those of DuckDB, which makes the tables.
TPCH_SCALE = 1
tpch:
	cargo build --release --locked
	tests/wire/tpch.sh target/release/carnac $(TPCH_SCALE)

doc:
	cargo doc --locked --no-deps --workspace --open

# Clients of other makers (Python packages in a virtual environment of their own) on the built
# server.
clients:
	cargo test --locked --no-run
	tests/clients/run.sh target/debug/carnac

# Those that need more: Node.js, Java, ODBC, dbt, pgbench. What is not installed is said not to be run.
clients-others:
	cargo test --locked --no-run
	tests/clients/others/run.sh target/debug/carnac

# Load, a soak of 20 minutes, bad logins, deadlines, cancels and hostile memory on a release build, an
# hour or less on a quiet machine; the clients are those of `make clients`. One part, shorter:
# tests/load/run.sh target/release/carnac soak=5
soak:
	cargo build --release --locked
	tests/load/run.sh target/release/carnac

# The readers on bytes that nobody wrote, a minute each: needs `cargo install cargo-fuzz`. The
# variable lets the stable compiler count what is reached; what reaches more is kept in fuzz/corpus.
FUZZ_SECONDS = 60
fuzz: $(addprefix fuzz-, archive csv json parquet profile sheet survey xml)
fuzz-archive: SEEDS = fuzz/seeds/archive
fuzz-csv: SEEDS = data-samples/acts tests/data/scdl
fuzz-json: SEEDS = tests/data/decp tests/data
fuzz-parquet: SEEDS = fuzz/seeds/parquet
fuzz-profile: SEEDS = data-samples/profiles
fuzz-sheet: SEEDS = tests/data
fuzz-survey: SEEDS = data-samples/answers
fuzz-xml: SEEDS = tests/data/decp tests/data/actes tests/data/pes tests/data/totem
fuzz-%:
	mkdir -p fuzz/corpus/$*
	RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $* fuzz/corpus/$* $(SEEDS) -- \
		-max_total_time=$(FUZZ_SECONDS) -timeout=30 -rss_limit_mb=1024

# The demonstration, served until Ctrl-C.
run:
	cargo run --release --locked -- demo
