// Reads a large result through snowflake-sdk, whole and as a stream, and prints what came: rows, their sum, texts that were not as they should be.
const snowflake = require('snowflake-sdk');
snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });
const [accessUrl, password, count] = process.argv.slice(2);
const connection = snowflake.createConnection({ accessUrl, account: 'test', username: 'ada', password });
const sqlText = `select seq4() as n, 'Ω "q" \\\\ \\n 😀 ' || seq4() as t, iff(seq4() % 3 = 0, null, seq4()) as maybe from table(generator(rowcount => ${count}))`;
const seen = { rows: 0, sum: 0, nulls: 0, wrong: 0, order: 0 };
let last = -1;
const take = (row, of) => {
  of.rows++;
  of.sum += row.N;
  if (row.MAYBE === null) of.nulls++;
  if (row.T !== `Ω "q" \\ \n 😀 ${row.N}`) of.wrong++;
  if (row.N !== last + 1) of.order++;
  last = row.N;
};
const run = options => new Promise((done, failed) => connection.execute({ sqlText, ...options, complete: (error, statement, rows) => (error ? failed(error) : done({ statement, rows })) }));

connection.connect(async error => {
  try {
    if (error) throw error;
    const whole = { ...seen }, streamed = { ...seen }, part = { ...seen };
    for (const row of (await run({})).rows) take(row, whole);
    last = -1;
    const { statement } = await run({ streamResult: true });
    await new Promise((done, failed) => statement.streamRows().on('error', failed).on('data', row => take(row, streamed)).on('end', done));
    last = count / 2 - 1;
    await new Promise((done, failed) => statement.streamRows({ start: count / 2, end: count / 2 + 99 }).on('error', failed).on('data', row => take(row, part)).on('end', done));
    console.log(JSON.stringify({ whole, streamed, part, total: statement.getNumRows() }));
    process.exit(0);
  } catch (failure) { console.error(failure); process.exit(1); }
});
