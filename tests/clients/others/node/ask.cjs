// What both clients of Node.js share: how an answer is told, and what is asked.
"use strict";

const [host, port] = process.argv.slice(2);

// The place of the server, with one token or another as the password.
function place(password) {
  return { host, port: Number(port), user: "reader", password, database: "carnac" };
}

// One value as the text that is compared, made from what the client gives.
function cell(value) {
  if (value === null) return null;
  if (value instanceof Date) return value.toISOString().replace("Z", "");
  return String(value);
}

// The name of what the client gives for a column.
function kind(value) {
  return value === null ? "null" : value.constructor.name;
}

// Asks for one thing and prints the line, its name and an answer in JSON; a failure is a line too.
async function tell(name, ask) {
  let answer;
  try {
    answer = await ask();
  } catch (error) {
    answer = { error: `${error.code} ${error.message}` };
  }
  console.log(`${name}\t${JSON.stringify(answer)}`);
}

// The SQLSTATE of what must fail.
async function stateOf(call) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    return error.code;
  }
  return `answered: ${JSON.stringify(answer)}`;
}

// Parameters of every kind, as both clients take them.
const counted = ["242900074", new Date("2019-01-01"), 12];
const echoed = ["l'été", "9007199254740993", new Date("2025-02-28"), "-1.50", new Date("2025-02-28T13:45:06Z")];

module.exports = { place, cell, kind, tell, stateOf, counted, echoed, env: process.env };
