// Drives the server through snowflake-sdk and prints what the driver gave, one JSON object.
const snowflake = require('snowflake-sdk');
const fs = require('fs');
snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });
const [accessUrl, secret] = process.argv.slice(2);
const open = options => new Promise((done, failed) => {
  const connection = snowflake.createConnection({ accessUrl, account: 'test', username: 'ada', ...options });
  connection.connect(error => (error ? failed(error) : done(connection)));
});
const run = (connection, sqlText, binds, more) => new Promise((done, failed) =>
  connection.execute({ sqlText, binds, ...more, complete: (error, statement, rows) => (error ? failed(error) : done({ rows, statement })) }));
const codeOf = promise => promise.then(() => 'no error', error => `${error.code}/${error.sqlState ?? ''}`);

(async () => {
  const seen = {};
  const c = await open({ password: secret });
  seen.select = (await run(c, "select 1 as one, 'x' as text, 1.50::number(10,2) as price, true as yes, null as nothing, [1] as j")).rows;
  const moments = (await run(c, "select date '1969-12-31' as d, timestamp '2024-02-29 12:30:00.25' as t")).rows[0];
  seen.moments = [moments.D.toISOString(), moments.T.toISOString()];
  await run(c, 'create or replace table node_notes (id number, body string, v vector(float, 3))');
  await run(c, 'insert into node_notes select ?, ?, [1, 0, 0]::vector(float, 3)', [7, "it's {\"a\":1} ?"]);
  seen.bound = (await run(c, "select body, ':1' as mark from node_notes where id = :1", [7])).rows;
  const many = await run(c, 'insert into node_notes (id, body) values (?, ?)', [[8, 'b'], [9, 'c'], [10, null]]);
  seen.inserted = many.statement.getNumUpdatedRows();
  seen.updated = (await run(c, "update node_notes set body = 'z' where id > 8")).statement.getNumUpdatedRows();
  await run(c, 'begin'); await run(c, 'delete from node_notes'); await run(c, 'rollback');
  seen.kept = (await run(c, 'select count(*) as n from node_notes')).rows[0].N;
  seen.similarity = (await run(c, 'select vector_cosine_similarity(v, [1,0,0]::vector(float,3)) as s, v from node_notes where id = 7')).rows[0];
  seen.errors = [await codeOf(run(c, 'select * from not_there')), await codeOf(run(c, 'selec 1')), await codeOf(run(c, 'select ?')), await codeOf(run(c, 'show pipes')), await codeOf(run(c, 'select 1; select 2'))];
  seen.wrongPassword = await codeOf(open({ password: 'wrong' }));
  const several = [];
  await new Promise((done, failed) => c.execute({
    sqlText: 'select 1 as a; select 2 as a', parameters: { MULTI_STATEMENT_COUNT: 2 },
    complete: (error, statement, rows) => {
      if (error) return failed(error);
      several.push(rows);
      if (statement.hasNext()) statement.NextResult(); else done();
    },
  }));
  seen.several = several;
  const later = await run(c, 'select 42 as answer', undefined, { asyncExec: true });
  const read = await c.getResultsFromQueryId({ queryId: later.statement.getQueryId() });
  seen.later = await new Promise((done, failed) => read.streamRows().on('error', failed).on('data', done));
  const stopped = new Promise(done => {
    const statement = c.execute({ sqlText: 'select count(*) from table(generator(rowcount => 100000000000)) a', complete: error => done(`${error?.code}`) });
    setTimeout(() => statement.cancel(() => {}), 300);
  });
  seen.stopped = await stopped;
  const k = await open({ authenticator: 'SNOWFLAKE_JWT', privateKey: fs.readFileSync(0, 'utf8') });
  seen.byKey = (await run(k, 'select current_schema() as s')).rows;
  const p = await open({ authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token: 'a-token-of-ada' });
  seen.byToken = (await run(p, 'select 1 as one')).rows;
  console.log(JSON.stringify(seen));
  process.exit(0);
})().catch(error => { console.error(error.code, error.message, error.stack); process.exit(1); });
