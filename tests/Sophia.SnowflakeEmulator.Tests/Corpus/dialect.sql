create table t (id int, name varchar(20), v variant, price number(10,2), at timestamp_ntz, e vector(float, 2), primary key (id));
insert into t select 1, 'ada', parse_json('{"a":{"b":[1,"x"]},"n":5,"s":"hi"}'), 1.50, '2024-02-29 12:30:00'::timestamp_ntz, [1,0]::vector(float,2);
insert into t select 2, null, parse_json('{"n":7,"s":null}'), null, null, [0,1]::vector(float,2);
create table sized (id int autoincrement start 10 increment 5, name varchar(5) comment 'what it is called', note string) comment = 'it''s sized';
insert into sized (name, note) values ('ada', 'a'), ('bob', 'b');
create table copied clone sized;
create table alike like sized;
select 1 --> 1 | 1
select 1 as one, 2 two --> ONE, TWO | 1, 2
select 10/4 --> 10/4 | 2.5
select 1/3 as x --> X | 0.333333
select 1/0 --> 100051
select 7 % 4 as x --> X | 3
select mod(5, 0) --> 100051
select 'a' || 1 || null as x --> X | NULL
select 'a' || 1.5 as x --> X | a1.5
select id, name from t order by name desc --> ID, NAME | 2, NULL / 1, ada
select id from t order by name --> ID | 1 / 2
select id from t order by name nulls first --> ID | 2 / 1
select "ID" from t where id = 1 --> ID | 1
select id as "Mixed" from t where id = 1 --> Mixed | 1
select v:n from t order by id --> V:N | 5 / 7
select v:a.b[1]::string as x from t where id = 1 --> X | x
select v:a.b[0]::number as x from t where id = 1 --> X | 1
select v:s::string as s from t where v:n > 6 --> S | NULL
select id from t where v:s = 'hi' --> ID | 1
select v:nothing as x from t where id = 1 --> X | NULL
select v['s']::varchar as x from t where id = 1 --> X | hi
select v::string is null as x from t where id = 1 --> X | False
select get_path(v, 'a.b[0]') as x, get(v, 'n') as y from t where id = 1 --> X, Y | 1, 5
select typeof(v:n) as a, typeof(v:s) as b, typeof(v:a) as c from t order by id --> A, B, C | INTEGER, VARCHAR, OBJECT / INTEGER, NULL_VALUE, NULL
select f.index, f.value::string as x from t, lateral flatten(input => v:a.b) f where id = 1 order by f.index --> INDEX, X | 0, 1 / 1, x
select t.id, f.value from t, lateral flatten(input => v:a.b, outer => true) f where t.id = 2 --> ID, VALUE | 2, NULL
select key from table(flatten(input => parse_json('{"b":1,"a":2}'))) order by key --> KEY | a / b
select key, path, index, value, this from table(flatten(input => parse_json('{"a":1,"b":[77,88],"c":{"d":"X"}}'), recursive => true)) --> KEY, PATH, INDEX, VALUE, THIS | a, a, NULL, 1, {"a":1,"b":[77,88],"c":{"d":"X"}} / b, b, NULL, [77,88], {"a":1,"b":[77,88],"c":{"d":"X"}} / NULL, b[0], 0, 77, [77,88] / NULL, b[1], 1, 88, [77,88] / c, c, NULL, {"d":"X"}, {"a":1,"b":[77,88],"c":{"d":"X"}} / d, c.d, NULL, "X", {"d":"X"}
select key, path, value from table(flatten(input => parse_json('{"a":1,"b":[77,88],"c":{"d":"X"}}'), recursive => true, mode => 'OBJECT')) --> KEY, PATH, VALUE | a, a, 1 / b, b, [77,88] / c, c, {"d":"X"} / d, c.d, "X"
select path, index, value from table(flatten(input => parse_json('{"a":1,"b":[77,88]}'), path => 'b')) --> PATH, INDEX, VALUE | b[0], 0, 77 / b[1], 1, 88
select key, path, value from table(flatten(input => parse_json('{"b":{"c":7}}'), path => 'b', recursive => true)) --> KEY, PATH, VALUE | c, b.c, 7
select f.path, f.value from t, lateral flatten(input => t.v, recursive => true) f where t.id = 1 and f.index = 1 --> PATH, VALUE | a.b[1], "x"
select value from table(flatten(input => parse_json('[1]'), mode => 'ALL')) --> 001003
select object_construct('a', 1, 'b', null) as x --> X | {"a":1}
select array_construct(1, 'x', null) as x --> X | [1,"x",null]
select array_size(parse_json('[1,2]')) as x --> X | 2
select parse_json('{') --> 100069
select try_parse_json('{') as x --> X | NULL
select array_agg(id) as x from t --> X | [1,2]
select listagg(name, ',') within group (order by id) as x from t --> X | ada
select count(*), count(name) from t --> COUNT(*), COUNT(NAME) | 2, 1
select sum(id) as s, max(name) as m from t --> S, M | 3, ada
select iff(1 = 1, 'a', 'b') as x --> X | a
select nvl(null, 2) as a, nvl2(null, 1, 2) as b, zeroifnull(null) as c, nullif(1, 1) as d --> A, B, C, D | 2, 2, 0, NULL
select decode(2, 1, 'one', 2, 'two', 'many') as x --> X | two
select greatest(1, null) as x, least(2, 1) as y --> X, Y | NULL, 1
select coalesce(null, 'x') as x --> X | x
select upper('a') as a, substr('abc', 0, 2) as b, split_part('a.b', '.', 2) as c, lpad('7', 3, '0') as d --> A, B, C, D | A, ab, b, 007
select 'ABC' ilike 'a%' as x, 'abc' like any ('z%', 'a%') as y --> X, Y | True, True
select dateadd(day, 1, '2024-02-28'::date) as x --> X | 2024-02-29
select dateadd(month, 1, to_date('2024-01-31')) as x --> X | 2024-02-29
select datediff(day, '2024-01-01', '2024-03-01') as x --> X | 60
select date_trunc('month', at) as x from t where id = 1 --> X | 2024-02-01 00:00:00
select to_char(at, 'YYYY-MM-DD HH24:MI') as x from t where id = 1 --> X | 2024-02-29 12:30
select at::varchar as x from t where id = 1 --> X | 2024-02-29 12:30:00.000
select year(at) as y, extract(month from at) as m from t where id = 1 --> Y, M | 2024, 2
select to_timestamp_ntz(0) as x --> X | 1970-01-01 00:00:00
select '12.7'::number as x, 2.5::int as y, '1'::boolean as z --> X, Y, Z | 13, 3, True
select try_cast('x' as number) as x --> X | NULL
select 'x'::number --> 100038
select 'abc'::varchar(2) as x --> X | ab
select vector_l2_distance(e, [1,0]::vector(float,2)) as x from t order by id limit 1 --> X | 0
select vector_inner_product(e, [3,4]::vector(float,2)) as x from t order by id --> X | 3 / 4
select vector_l1_distance(e, [0,0]::vector(float,2)) as x from t where id = 1 --> X | 1
select [1,2]::vector(float,3) --> 100078
select id, row_number() over (order by id desc) as r from t qualify r = 1 --> ID, R | 2, 1
select sum(id) over (order by id rows between unbounded preceding and current row) as s from t order by id --> S | 1 / 3
with a as (select 1 as x union all select 2) select sum(x) as s from a --> S | 3
select a.id from t a join t b on a.id = b.id left join t c using (id) where a.id = 1 --> 000904
select a.id from t a join t b on a.id = b.id and b.id = 2 --> ID | 2
select column1, column2 from values (1, 'a') --> COLUMN1, COLUMN2 | 1, a
select column2 from (values (1, 'a'), (2, 'b')) order by column1 desc --> COLUMN2 | b / a
select * exclude (v, at, e) from t where id = 1 --> ID, NAME, PRICE | 1, ada, 1.50
select case name when 'ada' then 1 else 0 end as x from t order by id --> X | 1 / 0
select id from t where id in (select max(id) from t) --> ID | 2
select seq4() as s from table(generator(rowcount => 3)) order by s --> S | 0 / 1 / 2
merge into t using (select 3 as id, 'eve' as name) s on t.id = s.id when matched then update set t.name = s.name when not matched then insert (id, name) values (s.id, s.name) --> number of rows affected | 1
update t set name = 'x' where id > 0 --> number of rows updated | 2
delete from t where id = 9 --> number of rows deleted | 0
show tables like 'T' --> name, database_name, schema_name, kind, rows, comment | T, SOPHIA, PUBLIC, TABLE, 2, 
describe table t --> name, type, kind, null?, default, comment | ID, NUMBER(38,0), COLUMN, Y, NULL, NULL / NAME, VARCHAR(20), COLUMN, Y, NULL, NULL / V, VARIANT, COLUMN, Y, NULL, NULL / PRICE, NUMBER(10,2), COLUMN, Y, NULL, NULL / AT, TIMESTAMP_NTZ(9), COLUMN, Y, NULL, NULL / E, VECTOR(FLOAT, 2), COLUMN, Y, NULL, NULL
select table_name from information_schema.tables where table_schema = 'PUBLIC' --> TABLE_NAME | ALIKE / COPIED / SIZED / T
create or replace transient table u (a int not null comment 'x') cluster by (a) data_retention_time_in_days = 0 comment = 'y' --> status | Statement executed successfully.
alter table t add column if not exists z number(5,2) --> status | Statement executed successfully.
select * from not_there --> 002003
select no_such(1) --> 002140
select read_text('/etc/passwd') --> 002140
select * from read_csv('/etc/passwd') --> 000002
select list_sum(1) --> 002140
create table x (a interval) --> 002040
create table x (a geography) --> 000002
undrop table t --> 000002
create pipe p --> 000002
copy into t from @s --> 000002
select * from t at(offset => -60) --> 000002
select * from t sample (10) --> 000002
select 1 from --> 001003
selec 1 --> 001003
select 1 1 --> 001003
select upper() --> 000938
select row_number() --> 001003
create warehouse if not exists w1 with warehouse_size = 'x-large' auto_suspend = 60 auto_resume = true initially_suspended = true comment = 'of a test';
create warehouse if not exists w1 warehouse_size = small;
create warehouse w1 --> 002002
create warehouse w2 sise = 3 --> 001420
create warehouse w2 warehouse_size = 'huge' --> 001008
alter warehouse w1 set auto_suspend = 120;
alter warehouse w1 suspend;
alter warehouse w9 set auto_suspend = 120 --> 002003
create role if not exists r1 comment = 'of a test';
create role r1 --> 002002
create resource monitor m1 with credit_quota = 10 frequency = monthly start_timestamp = immediately triggers on 80 percent do notify on 100 percent do suspend;
grant usage on warehouse w1 to role r1;
grant select, insert on table t to role r1;
grant select on all tables in schema public to role r1;
grant select on future tables in schema public to role r1;
grant role r1 to role sysadmin;
grant usage on warehouse w9 to role r1 --> 002003
grant usage on warehouse w1 to role r9 --> 002003
grant flying on warehouse w1 to role r1 --> 001003
grant select on table nothing to role r1 --> 002003
revoke insert on table t from role r1;
drop role if exists r9;
drop role r9 --> 002003
create database if not exists sophia comment = 'there';
create database other --> 000002
create database sophia --> 002002
select translate('peach', 'pe', 'tr') as x --> X | trach
select translate('abc', 'ab', 'x') as x --> X | xc
select '[' || space(3) || ']' as x --> X | [   ]
select octet_length('abc') as x, octet_length('é') as y --> X, Y | 3, 2
select bit_length('abc') as x --> X | 24
select unicode('a') as x, unicode('é') as y --> X, Y | 97, 233
select insert('abc', 1, 2, 'Z') as x, insert('abcdef', 3, 2, 'zzz') as y, insert('abc', 2, 1, '') as z --> X, Y, Z | Zc, abzzzef, ac
select insert('abc', 1) --> 000938
select bitnot(0) as x, bitnot(5) as y --> X, Y | -1, -6
select asinh(0) as x, acosh(1) as y, atanh(0) as z --> X, Y, Z | 0, 0, 0
select array_to_string(array_construct('a', 'b', 3), '-') as x --> X | a-b-3
select array_prepend(array_construct(2, 3), 1) as x --> X | [1,2,3]
select boolxor(true, false) as x, boolxor(true, true) as y --> X, Y | True, False
select translate('a', 'b') --> 000938
select abs(-3) as x, sign(-2) as y, square(4) as z --> X, Y, Z | 3, -1, 16
select mod(7, 3) as x, mod(-7, 3) as y --> X, Y | 1, -1
select mod(7, 0) --> 100051
select power(2, 10) as x, sqrt(16) as y --> X, Y | 1024, 4
select factorial(5) as x --> X | 120
select bitand(12, 10) as x, bitor(12, 10) as y, bitxor(12, 10) as z --> X, Y, Z | 8, 14, 6
select nullifzero(0) as x, zeroifnull(null) as y --> X, Y | NULL, 0
select equal_null(null, null) as x, equal_null(1, null) as y --> X, Y | True, False
select greatest(1, 5, 3) as x, least(1, 5, 3) as y, greatest(1, null) as z --> X, Y, Z | 5, 1, NULL
select decode(2, 1, 'one', 2, 'two', 'other') as x, decode(9, 1, 'one') as y --> X, Y | two, NULL
select nvl2(null, 'a', 'b') as x, nvl2(1, 'a', 'b') as y --> X, Y | b, a
select upper('aB') as x, lower('aB') as y, length('abc') as z --> X, Y, Z | AB, ab, 3
select left('abcdef', 2) as x, right('abcdef', 2) as y, reverse('abc') as z --> X, Y, Z | ab, ef, cba
select substr('abcdef', 2, 3) as x, substr('abcdef', -2) as y --> X, Y | bcd, ef
select replace('banana', 'an') as x, replace('banana', 'an', '*') as y --> X, Y | ba, b**a
select concat_ws(', ', 'a', 'b', 'c') as x --> X | a, b, c
select contains('abc', 'bc') as x, startswith('abc', 'bc') as y, endswith('abc', 'bc') as z --> X, Y, Z | True, False, True
select position('c', 'abc') as x, charindex('z', 'abc') as y --> X, Y | 3, 0
select split_part('a.b.c', '.', 2) as x, split_part('a.b.c', '.', -1) as y --> X, Y | b, c
select lpad('7', 3, '0') as x, rpad('7', 3, '0') as y, lpad('abc', 5) as z --> X, Y, Z | 007, 700,   abc
select repeat('ab', 3) as x --> X | ababab
select ascii('A') as x, chr(66) as y --> X, Y | 65, B
select editdistance('kitten', 'sitting') as x --> X | 3
select md5('a') as x --> X | 0cc175b9c0f1b6a831c399e269772661
select sha1('a') as x --> X | 86f7e437faa5a7fce15d1ddcb9eaeaea377667b8
select base64_encode('abc') as x, base64_decode_string('YWJj') as y --> X, Y | YWJj, abc
select hex_encode('az') as x --> X | 617A
select regexp_like('abc', 'b') as x, regexp_like('abc', '.*b.*') as y --> X, Y | False, True
select regexp_replace('a1b22', '[0-9]+', '#') as x, regexp_count('a1b22', '[0-9]') as y --> X, Y | a#b#, 3
select regexp_substr('a1b22', '[0-9]+') as x, regexp_substr('abc', '[0-9]') as y --> X, Y | 1, NULL
select year('2026-11-24'::date) as x, month('2026-11-24'::date) as y, day('2026-11-24'::date) as z --> X, Y, Z | 2026, 11, 24
select last_day('2024-02-10'::date) as x --> X | 2024-02-29
select add_months('2026-01-31'::date, 1) as x --> X | 2026-02-28
select date_from_parts(2026, 11, 24) as x --> X | 2026-11-24
select monthname('2026-11-24'::date) as x, dayname('2026-11-24'::date) as y --> X, Y | Nov, Tue
select try_to_date('nothing') as x, try_to_number('x') as y --> X, Y | NULL, NULL
select to_boolean('yes') as x, try_to_boolean('maybe') as y --> X, Y | True, NULL
select to_number('x') --> 100038
select typeof(parse_json('1')) as x, typeof(parse_json('"a"')) as y, typeof(parse_json('[1]')) as z --> X, Y, Z | INTEGER, VARCHAR, ARRAY
select array_size(array_construct(1, 2, 3)) as x, array_append(array_construct(1), 2) as y --> X, Y | 3, [1,2]
select array_cat(array_construct(1), array_construct(2)) as x --> X | [1,2]
select array_contains(2::variant, array_construct(1, 2)) as x --> X | True
select object_keys(object_construct('a', 1, 'b', 2)) as x --> X | ["a","b"]
select object_construct('a', null, 'b', 2) as x --> X | {"b":2}
select object_construct('a') --> 000938
select is_null_value(parse_json('null')) as x --> X | True
select vector_inner_product([1, 2]::vector(float, 2), [3, 4]::vector(float, 2)) as x --> X | 11
select vector_l2_distance([0, 0]::vector(float, 2), [3, 4]::vector(float, 2)) as x --> X | 5
select vector_l1_distance([0, 0]::vector(float, 2), [3, -4]::vector(float, 2)) as x --> X | 7
select booland(true, false) as x, boolor(true, false) as y, boolnot(true) as z --> X, Y, Z | False, True, False
select div0(1, 0) as x, div0null(1, null) as y --> X, Y | 0, 0
select sum(column1) as x, min(column1) as y, max(column1) as z from values (1), (2), (null) --> X, Y, Z | 3, 1, 2
select count(*) as x, count(column1) as y, count(distinct column1) as z from values (1), (1), (null) --> X, Y, Z | 3, 2, 1
select count_if(column1 > 1) as x from values (1), (2), (3) --> X | 2
select listagg(column1, '+') within group (order by column1 desc) as x from values ('a'), ('b') --> X | b+a
select booland_agg(column1) as x, boolor_agg(column1) as y from values (true), (false) --> X, Y | False, True
select min_by(column1, column2) as x, max_by(column1, column2) as y from values ('a', 2), ('b', 1) --> X, Y | b, a
select column1 as x, rank() over (order by column1) as r, dense_rank() over (order by column1) as d from values (1), (1), (2) order by 1, 2 --> X, R, D | 1, 1, 1 / 1, 1, 1 / 2, 3, 2
select column1 as x, lag(column1) over (order by column1) as y from values (1), (2) order by 1 --> X, Y | 1, NULL / 2, 1
select column1 as x from values (1), (2), (3) qualify row_number() over (order by column1 desc) = 1 --> X | 3
select 1 as x union all select 1 order by 1 --> X | 1 / 1
select 1 as x union select 1 --> X | 1
select count(*) as n from (select 1 as x intersect select 2) --> N | 0
select 1 as x except select 2 --> X | 1
select column1 as x from values (1), (null), (2) order by 1 desc --> X | NULL / 2 / 1
select column1 as x from values (3), (1), (2) order by 1 limit 1 offset 1 --> X | 2
select 'a' like 'A' as x, 'a' ilike 'A' as y --> X, Y | False, True
select 2 between 1 and 3 as x, 2 in (1, 3) as y, null is null as z --> X, Y, Z | True, False, True
select case when 1 = 2 then 'a' else 'b' end as x, case 3 when 3 then 'c' end as y --> X, Y | b, c
select no_such_column from t --> 000904
select nope(1) --> 002140
select * from nothing_here --> 002003
select 1.00 / 3 as x, 10.5 / 4 as y, 2 / 3::float as z --> X, Y, Z | 0.33333333, 2.625, 0.6666666666666666
select price / 7 as x, id / 7 as y from t where id = 1 --> X, Y | 0.21428571, 0.142857
select 1::number(20, 10) / 3 as x --> X | 0.333333333333
select (1 + 0.5) / 7 as x, -1.5 / 7 as y, 1 / 3 / 3 as z --> X, Y, Z | 0.2142857, -0.2142857, 0.111111
select sum(id) / 7 as x from t --> X | 0.428571
insert into sized (name) values ('abcde') --> number of rows inserted | 1
insert into sized (name) values ('abcdef') --> 100078
update sized set name = 'abcdef' --> 100078
merge into sized using (select 'abcdef' as n) s on sized.name = s.n when not matched then insert (name) values (s.n) --> 100078
insert into sized (name) values ('日本語です') --> number of rows inserted | 1
describe table sized --> name, type, kind, null?, default, comment | ID, NUMBER(38,0), COLUMN, Y, IDENTITY START 10 INCREMENT 5 NOORDER, NULL / NAME, VARCHAR(5), COLUMN, Y, NULL, what it is called / NOTE, VARCHAR(16777216), COLUMN, Y, NULL, NULL
select character_maximum_length from information_schema.columns where table_name = 'SIZED' and column_name = 'NAME' --> CHARACTER_MAXIMUM_LENGTH | 5
show tables like 'SIZED' --> name, database_name, schema_name, kind, rows, comment | SIZED, SOPHIA, PUBLIC, TABLE, 2, it's sized
comment on table sized is 'x' --> status | Statement executed successfully.
comment on column sized.nothing is 'x' --> 000904
alter table sized drop column name --> status | Statement executed successfully.
select id, note from sized order by id --> ID, NOTE | 10, a / 15, b
select id, note from copied order by id --> ID, NOTE | 10, a / 15, b
insert into copied (name) values ('abcdef') --> 100078
select count(*) as n from alike --> N | 0
insert into alike (name) values ('abcdef') --> 100078
create table copied clone sized --> 002002
create table if not exists copied clone sized --> status | Statement executed successfully.
create or replace table copied clone t --> status | Statement executed successfully.
create table other clone not_there --> 002003
create table other clone sized at (offset => -60) --> 000002
create or replace table sized clone sized --> 000002
create table counted (n int identity, m int autoincrement start 5 increment 2) --> status | Statement executed successfully.
create table counted (n int collate 'de') --> 000002
select avg(column1) as x from values (1), (1), (2) --> X | 1.333333
select avg(distinct column1) as x, avg(column1::float) as y from values (1), (1), (2) --> X, Y | 1.5, 1.3333333333333333
select avg(id) as x from t where id > 5 --> X | NULL
select column1 as a, avg(column2) over (partition by column1) as x from values ('a', 1), ('a', 2), ('b', 7) order by 1, 2 --> A, X | a, 1.5 / a, 1.5 / b, 7
select avg(v:n) as x from t --> X | 6
select max(column1) / 2 as x, min(column1::float) / 2 as y from values (3.5), (4.5) --> X, Y | 2.25, 1.75
select sum(column1) / count(*) as x, count(*) / sum(column1) as y from values (3.5), (4.5), (1) --> X, Y | 3, 0.333333
select div0(sum(column1), count(*)) as x, div0(sum(column1), 0) as y from values (3.5), (4.5) --> X, Y | 4, 0
select column1 / sum(column1) over () as x from values (1), (2) order by 1 --> X | 0.333333 / 0.666667
select sum(column1) / 0 from values (1) --> 100051
select (sum(column1) / 2)::number(10, 1) as x from values (2.5) --> X | 1.3
select date_trunc('month', max(column1)) as x, dateadd(day, 1, max(column1)) as y from values ('2026-02-03 04:05:06'::timestamp) --> X, Y | 2026-02-01 00:00:00, 2026-02-04 04:05:06
select date_trunc('month', max(column1)) as x, dateadd(day, 1, max(column1)) as y from values ('2026-02-03'::date) --> X, Y | 2026-02-01 00:00:00, 2026-02-04 00:00:00
select sysdate() = current_timestamp()::timestamp_ntz as x --> X | True
create or replace view seen copy grants as select 1 as x --> status | Statement executed successfully.
select top 1 column1 as x from values (2), (1), (3) order by x desc --> X | 3
select top 2 column1 as x from values (2), (1), (3) order by 1 --> X | 1 / 2
select count(*) as n from (select top 1 id from t union all select id from t) --> N | 3
select top 1 id from t limit 1 --> 001003
select current_time() is not null as x, current_time is not null as y --> X, Y | True, True
select listagg(distinct column1, ',') within group (order by column1 desc) as x from values ('b'), ('a'), ('b'), (null) --> X | b,a
select listagg(distinct column1, ',') within group (order by column1) as x from values (10), (9), (9) --> X | 9,10
merge into t using (select * from values (1, 'a'), (1, 'b')) s on t.id = s.column1 when matched then update set name = s.column2 --> 100090
merge into t using (select * from values (1, 'a'), (1, 'b')) s on t.id = s.column1 when matched and s.column2 = 'a' then update set name = s.column2 --> number of rows affected | 1
merge into t using (select * from values (1, 'a'), (1, 'b')) s on t.id = s.column1 when matched and s.column2 = 'a' then update set name = s.column2 when matched then delete --> 100090
merge into t using (select * from values (9, 'a'), (9, 'b')) s on t.id = s.column1 when matched then delete when not matched then insert (id, name) values (s.column1, s.column2) --> number of rows affected | 2
create schema beside;
alter table sized rename to beside.moved --> 000002
alter table sized rename to public.renamed --> status | Statement executed successfully.
alter table sized rename to sophia.public.renamed --> status | Statement executed successfully.
select column1 as x, last_value(column1) over (order by column1) as l, first_value(column1) over (order by column1) as f, nth_value(column1, 2) over (order by column1) as n from values (1), (2), (3) order by 1 --> X, L, F, N | 1, 3, 1, 2 / 2, 3, 1, 2 / 3, 3, 1, 2
select last_value(column1) over (order by column1 rows between unbounded preceding and current row) as x from values (1), (2) order by 1 --> X | 1 / 2
select count(distinct column1, column2) as x, count(column1, column2) as y from values (1, 2), (1, null), (1, 2) --> X, Y | 1, 2
select count(v:s) as x, count(distinct v:s) as y, count(v:n) as z from t --> X, Y, Z | 1, 1, 2
select trunc(1.15, 2) = 1.15 as x, ceil(1.1, 2) = 1.1 as y, floor(4.35, 2) = 4.35 as z --> X, Y, Z | True, True, True
select trunc(1.159, 2) as x, trunc(-1.159, 2) as y, ceil(135.131, 2) as z, floor(-135.135, 1) as w --> X, Y, Z, W | 1.15, -1.15, 135.14, -135.2
select trunc(1234, -2) as x, floor(1.15::float, 1) as y, ceil(-1.15::float, 1) as z --> X, Y, Z | 1200, 1.1, -1.1
select add_months('2026-02-28'::date, 1) as x, add_months('2026-02-27'::date, 1) as y, add_months('2026-03-31'::date, -1) as z --> X, Y, Z | 2026-03-31, 2026-03-27, 2026-02-28
select add_months('2026-04-30 10:20:30'::timestamp, 1) as x --> X | 2026-05-31 10:20:30
select split_part('a.b.c', '.', 0) as x, split_part('a.b.c', '.', 9) as y --> X, Y | a, 
select substr('hello', 3, -2) as x, substr('hello', 3, 0) as y, substr('hello', -3, 2) as z --> X, Y, Z | , , ll
create table beside.odd (v variant);
insert into beside.odd select parse_json(column1) from values ('{"n":10,"s":"b"}'), ('{"n":9,"s":"a"}'), ('{"n":1.5,"s":"c"}'), ('{}');
select v:n from beside.odd order by v:n --> V:N | 1.5 / 9 / 10 / NULL
select v:n as n from beside.odd order by n desc --> N | NULL / 10 / 9 / 1.5
select v:s as s, v:n as n from beside.odd order by 2 limit 2 --> S, N | "c", 1.5 / "a", 9
select v:s as s from beside.odd order by s --> S | "a" / "b" / "c" / NULL
select min(v:n) as x, max(v:n) as y, max(v:s) as z from beside.odd --> X, Y, Z | 1.5, 10, "c"
select max(v:n) over () as x from beside.odd limit 1 --> X | 10
select max_by(v:s, v:n) as x, min_by(v:s, v:n) as y from beside.odd --> X, Y | "b", "c"
select count(*) as n from beside.odd where v:n < odd.v:n --> N | 0
select count(*) as n from beside.odd a join beside.odd b on a.v:n < b.v:n --> N | 3
select greatest(v:n, parse_json('9.5')) as x, least(v:n, 9.5) as y from beside.odd order by v:n --> X, Y | 9.5, 1.5 / 9.5, 9 / 10, 9.5 / NULL, NULL
select v:n as n, row_number() over (order by v:n desc) as r from beside.odd qualify r = 2 --> N, R | 10, 2
select parse_json('1') = parse_json('1.0') as x, parse_json('1') = parse_json('"1"') as y --> X, Y | True, False
select parse_json('9007199254740993') = parse_json('9007199254740992') as x, parse_json('9007199254740993') > parse_json('9007199254740992') as y, parse_json('18446744073709551615') = parse_json('18446744073709551614') as z --> X, Y, Z | False, True, False
select v:n as n, count(*) as c from beside.odd group by all order by n --> N, C | 1.5, 1 / 9, 1 / 10, 1 / NULL, 1
select v:s as s, max(v:n) as n from beside.odd group by all order by 2 desc, 1 --> S, N | NULL, NULL / "b", 10 / "a", 9 / "c", 1.5
select v:n, count(*) as c from beside.odd group by all order by v:n --> 000904
select v:n as n, count(*) as c from beside.odd group by v:n order by v:n desc --> N, C | NULL, 1 / 10, 1 / 9, 1 / 1.5, 1
select percentile_disc(0.5) within group (order by v:n) as x, percentile_cont(0.5) within group (order by v:n desc) as y from beside.odd --> X, Y | 9, 9
select distinct v:n from beside.odd order by v:n --> V:N | 1.5 / 9 / 10 / NULL
select distinct v:n as n from beside.odd order by n --> N | 1.5 / 9 / 10 / NULL
select distinct v:n as n from beside.odd order by 1 desc --> N | NULL / 10 / 9 / 1.5
select distinct v:n as n from beside.odd order by v:n --> N | 1.5 / 9 / 10 / NULL
select distinct v:n as n, v:s as s from beside.odd order by v:s --> N, S | 9, "a" / 10, "b" / 1.5, "c" / NULL, NULL
