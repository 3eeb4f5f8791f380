// What the client `pg` gets, with its cursor and its pool.
"use strict";

const pg = require("pg");
const Cursor = require("pg-cursor");
const { place, cell, kind, tell, stateOf, counted, echoed, env } = require("./ask.cjs");

// The rows of a query as lists.
async function rows(client, text, values) {
  const answer = await client.query({ text, values, rowMode: "array" });
  return answer.rows.map((row) => row.map(cell));
}

// A client that is connected.
async function connect(token, options = {}) {
  const client = new pg.Client({ ...place(token), ...options });
  await client.connect();
  return client;
}

// Rows, their sum, the length of their texts, and the most rows that came at a time.
async function big(client) {
  const cursor = client.query(new Cursor(env.QUERY_big, [], { rowMode: "array" }));
  let [count, sum, length, most] = [0, 0, 0, 0];
  for (let part; (part = await cursor.read(1000)).length > 0; ) {
    count += part.length;
    most = Math.max(most, part.length);
    for (const [value, label] of part) {
      sum += Number(value);
      length += label.length;
    }
  }
  await cursor.close();
  return [count, sum, length, most].map(String);
}

// The state of a query that outlasts the limit of its connection, and what is answered then.
async function timedOut() {
  const client = await connect(env.LAKE_TOKEN, { statement_timeout: 500 });
  const state = await stateOf(() => rows(client, env.QUERY_endless));
  const after = await rows(client, "select 1 as a");
  await client.end();
  return [state, after];
}

// What many callers are answered by the connections of one pool.
async function pool() {
  const of = new pg.Pool({ ...place(env.LAKE_TOKEN), max: 10 });
  const numbers = [...Array(40).keys()];
  const found = await Promise.all(numbers.map((number) => of.query(`select ${number} + 1 as a`)));
  await of.end();
  return found.map((answer) => cell(answer.rows[0].a));
}

async function main() {
  await tell("refused", () => stateOf(() => connect(env.WRONG_TOKEN)));
  const client = await connect(env.LAKE_TOKEN);
  for (const query of env.QUERIES.split(" ")) {
    await tell(`rows ${query}`, () => rows(client, env[`QUERY_${query}`]));
  }
  await tell("rows literals binary", async () => {
    const text = env.QUERY_literals;
    const answer = await client.query({ text, binary: true, rowMode: "array" });
    return answer.rows.map((row) => row.map(cell));
  });
  await tell("kinds", async () => {
    const answer = await client.query({ text: env.QUERY_literals, rowMode: "array" });
    return answer.rows[0].map(kind);
  });
  await tell("count", () => rows(client, env.QUERY_count_where, counted));
  await tell("echo", () => rows(client, env.QUERY_echo, echoed));
  await tell("nulls", () => rows(client, env.QUERY_echo, Array(5).fill(null)));
  await tell("named", async () => {
    const found = [];
    for (const number of [1, 2, 3]) {
      const text = "select cast($1 as bigint) + 1 as a";
      const answer = await client.query({ name: "next", text, values: [number], rowMode: "array" });
      found.push(cell(answer.rows[0][0]));
    }
    return found;
  });
  await tell("error", async () => [
    await stateOf(() => rows(client, "select nothing from core.acts")),
    await rows(client, "select 1 as a"),
  ]);
  await tell("tables", () => rows(client, env.QUERY_tables));
  await tell("big", () => big(client));
  await client.end();
  await tell("timed_out", timedOut);
  await tell("pool", pool);
}

main();
