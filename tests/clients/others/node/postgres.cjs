// What the client `postgres` gets, with its cursor and its pool.
"use strict";

const postgres = require("postgres");
const { place, cell, kind, tell, stateOf, counted, echoed, env } = require("./ask.cjs");

// A pool of the client, with one connection or more.
function open(token, max = 1) {
  return postgres({ ...place(token), max, onnotice: () => {} });
}

// The rows of a query as lists.
async function rows(sql, text, values = []) {
  const answer = await sql.unsafe(text, values).values();
  return answer.map((row) => row.map(cell));
}

// Rows, their sum, the length of their texts, and the most rows that came at a time.
async function big(sql) {
  let [count, sum, length, most] = [0, 0, 0, 0];
  await sql.unsafe(env.QUERY_big, [], { prepare: true }).cursor(1000, (part) => {
    count += part.length;
    most = Math.max(most, part.length);
    for (const { value, label } of part) {
      sum += Number(value);
      length += label.length;
    }
  });
  return [count, sum, length, most].map(String);
}

// The state of a query that its caller cancels, and what the connection answers then.
async function cancelled(sql) {
  const query = sql.unsafe(env.QUERY_endless).execute();
  const timer = setTimeout(() => query.cancel(), 500);
  const state = await stateOf(() => query);
  clearTimeout(timer);
  return [state, await rows(sql, "select 1 as a")];
}

// What many callers are answered by the connections of one pool.
async function pool() {
  const sql = open(env.LAKE_TOKEN, 10);
  const numbers = [...Array(40).keys()];
  const found = await Promise.all(
    numbers.map((number) => sql`select cast(${number} as bigint) + 1 as a`),
  );
  await sql.end();
  return found.map(([row]) => cell(row.a));
}

async function main() {
  const wrong = open(env.WRONG_TOKEN);
  await tell("refused", () => stateOf(() => wrong`select 1 as a`));
  await wrong.end();
  const sql = open(env.LAKE_TOKEN);
  for (const query of env.QUERIES.split(" ")) {
    await tell(`rows ${query}`, () => rows(sql, env[`QUERY_${query}`]));
  }
  await tell("kinds", async () => {
    const [row] = await sql.unsafe(env.QUERY_literals).values();
    return row.map(kind);
  });
  await tell("count", () => rows(sql, env.QUERY_count_where, counted));
  await tell("echo", () => rows(sql, env.QUERY_echo, echoed));
  await tell("nulls", () => rows(sql, env.QUERY_echo, Array(5).fill(null)));
  await tell("error", async () => [
    await stateOf(() => rows(sql, "select nothing from core.acts")),
    await rows(sql, "select 1 as a"),
  ]);
  await tell("tables", () => rows(sql, env.QUERY_tables));
  await tell("big", () => big(sql));
  await tell("cancelled", () => cancelled(sql));
  await sql.end();
  await tell("pool", pool);
}

main();
