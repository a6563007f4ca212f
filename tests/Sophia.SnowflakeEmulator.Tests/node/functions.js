// Calls Sophia's functions from SQL through snowflake-sdk and prints what the driver gave, one JSON object.
const snowflake = require('snowflake-sdk');
snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });
const [accessUrl, password] = process.argv.slice(2);
const c = snowflake.createConnection({ accessUrl, account: 'test', username: 'ada', password });
const run = sqlText => new Promise((done, failed) => c.execute({ sqlText, complete: (error, statement, rows) => (error ? failed(error) : done(rows)) }));
const codeOf = promise => promise.then(() => 'no error', error => `${error.code}/${error.sqlState ?? ''} ${error.message}`);

c.connect(async error => {
  try {
    if (error) throw error;
    const seen = {};
    seen.found = (await run("select sophia_vector_search('notes', 'sleeping cats', 2) as hits"))[0].HITS;
    seen.joined = await run("select q.column1 as question, f.value:key::varchar as key, f.value:score::float > 0 as scored from values ('sleeping cats'), ('money owed') q, lateral flatten(input => sophia_vector_search('notes', q.column1, 1)) f order by 1");
    seen.alike = (await run("select sophia_similarity('the cat sleeps', 'the cat is sleeping') > sophia_similarity('the cat sleeps', 'invoices') as alike"))[0].ALIKE;
    seen.vector = (await run("select array_size(sophia_embed('the cat sleeps')) as n, sophia_similarity(sophia_embed('a'), sophia_embed('a')) as same"))[0];
    seen.reranked = (await run("select sophia_rerank('cats', ['invoices', 'cats sleep'])[0]:index::number as best"))[0].BEST;
    seen.many = (await run("select count(*) as n, count(distinct s) as d from (select sophia_similarity('cat ' || seq4(), 'cat ' || seq4()) as s from table(generator(rowcount => 10000)))"))[0];
    seen.unknown = await codeOf(run("select sophia_vector_search('nowhere', 'x', 1)"));
    console.log(JSON.stringify(seen));
    process.exit(0);
  } catch (failure) { console.error(failure.code, failure.message, failure.stack); process.exit(1); }
});
