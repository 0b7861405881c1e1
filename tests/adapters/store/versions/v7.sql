-- A log of schema version 7 with one row of each kind.
PRAGMA application_id = 2004116328;
PRAGMA user_version = 7;
BEGIN TRANSACTION;
CREATE TABLE blindness (
        hour REAL NOT NULL,
        source TEXT NOT NULL,
        asked REAL NOT NULL,
        blind REAL NOT NULL,
        PRIMARY KEY (hour, source)
    );
INSERT INTO "blindness" VALUES(0.0,'main',60.0,12.5);
CREATE TABLE breaker_closings (
        scope TEXT NOT NULL,
        at REAL NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (scope, at)
    );
INSERT INTO "breaker_closings" VALUES('namespace/shop',100.0,'ada','the cause is found');
CREATE TABLE coverage (
        workload TEXT PRIMARY KEY,
        since REAL NOT NULL,
        mode TEXT NOT NULL,
        sight TEXT NOT NULL,
        why TEXT NOT NULL,
        rung TEXT NOT NULL,
        rung_mode TEXT NOT NULL,
        rung_why TEXT NOT NULL
    );
INSERT INTO "coverage" VALUES('Deployment/shop/cart',100.0,'observe','blind','errors: no series','','none','what runs is not known good yet');
CREATE TABLE decisions (
        id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        workload TEXT NOT NULL,
        release TEXT NOT NULL,
        verdict TEXT NOT NULL,
        action TEXT NOT NULL,
        mode TEXT NOT NULL,
        guard TEXT NOT NULL,
        rung TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        durability TEXT NOT NULL,
        reason TEXT NOT NULL,
        body BLOB NOT NULL
    );
INSERT INTO "decisions" VALUES('3f9a01',100.0,'Deployment/shop/cart','u1/2','breach','roll_back','act','','undo','7d4f9c','','','12 % of requests fail on the new version, 0.1 % on the old',X'7B226964223A2022336639613031222C2022726561736F6E223A202231322025206F66207265717565737473206661696C206F6E20746865206E65772076657273696F6E2C20302E312025206F6E20746865206F6C64227D');
CREATE TABLE flag_restores (
        decision TEXT NOT NULL,
        at REAL NOT NULL,
        flag TEXT NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        state TEXT NOT NULL,
        result TEXT NOT NULL,
        PRIMARY KEY (decision, at)
    );
INSERT INTO "flag_restores" VALUES('3f9a01',400.0,'own/new-cart@production','ada','the code is mended','on','restored');
CREATE TABLE holds (
        scope TEXT PRIMARY KEY,
        since REAL NOT NULL,
        until REAL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL
    );
INSERT INTO "holds" VALUES('namespace/shop',300.0,NULL,'ada','stocktaking');
CREATE TABLE labels (
        decision TEXT PRIMARY KEY,
        at REAL NOT NULL,
        verdict TEXT NOT NULL,
        author TEXT NOT NULL,
        note TEXT NOT NULL
    );
INSERT INTO "labels" VALUES('3f9a01',300.0,'wrong','ada','the load test was to blame');
CREATE TABLE outbox (
        key TEXT PRIMARY KEY,
        event TEXT NOT NULL,
        channel TEXT NOT NULL,
        at REAL NOT NULL,
        stage TEXT NOT NULL,
        workload TEXT NOT NULL,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        body BLOB NOT NULL,
        result TEXT NOT NULL,
        done REAL
    );
INSERT INTO "outbox" VALUES('3f9a01/held@oncall','3f9a01/held','oncall',100.0,'held','Deployment/shop/cart','held','Over? No',X'7B227374616765223A202268656C64227D','',NULL);
CREATE TABLE policies (hash TEXT PRIMARY KEY, body BLOB NOT NULL);
INSERT INTO "policies" VALUES('p1',X'7B226D6F6465223A22616374227D');
CREATE TABLE rehearsals (
        id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        workload TEXT NOT NULL,
        rung TEXT NOT NULL,
        result TEXT NOT NULL,
        seconds REAL NOT NULL,
        author TEXT NOT NULL,
        message TEXT NOT NULL,
        body BLOB NOT NULL
    );
INSERT INTO "rehearsals" VALUES('h1',100.0,'Deployment/shop/cart','undo','passed',41.5,'drill','restored in 41.5 s',X'7B7D');
CREATE TABLE releases (
        id TEXT PRIMARY KEY,
        workload TEXT NOT NULL,
        revision TEXT NOT NULL,
        image TEXT NOT NULL,
        began REAL NOT NULL,
        verdict TEXT NOT NULL,
        action TEXT NOT NULL,
        outcome TEXT NOT NULL,
        ended REAL,
        body BLOB NOT NULL
    );
INSERT INTO "releases" VALUES('u1/2','Deployment/shop/cart','5b9e21','shop/cart:1.9.0',90.0,'','','',NULL,X'7B7D');
CREATE TABLE states (
        uid TEXT PRIMARY KEY,
        workload TEXT NOT NULL,
        at REAL NOT NULL,
        schema INTEGER NOT NULL,
        state BLOB NOT NULL
    );
INSERT INTO "states" VALUES('u1','Deployment/shop/cart',100.0,1,X'7801AB56CA53B232AC0500086B0216');
CREATE TABLE transitions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        workload TEXT NOT NULL,
        uid TEXT NOT NULL,
        release TEXT NOT NULL,
        schema INTEGER NOT NULL,
        policy_hash TEXT NOT NULL REFERENCES policies (hash),
        kind TEXT NOT NULL,
        state_before BLOB NOT NULL,
        observation BLOB NOT NULL,
        state_after BLOB NOT NULL,
        commands BLOB NOT NULL
    );
INSERT INTO "transitions" VALUES(1,100.0,'Deployment/shop/cart','u1','u1/2',1,'p1','breach',X'7801AB56CA53B232A8050008690215',X'7801AB562A4E4DCD53B232AC050012FE0353',X'7801AB56CA53B232AC0500086B0216',X'78018B8E0500011500B9');
CREATE INDEX transitions_release ON transitions (release);
CREATE INDEX transitions_at ON transitions (at);
CREATE INDEX transitions_policy ON transitions (policy_hash);
CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX decisions_workload ON decisions (workload, at);
CREATE INDEX decisions_release ON decisions (release);
CREATE INDEX releases_began ON releases (began);
CREATE INDEX releases_workload ON releases (workload, began);
CREATE INDEX releases_ended ON releases (ended);
CREATE INDEX outbox_waiting ON outbox (channel, at) WHERE done IS NULL;
CREATE INDEX outbox_done ON outbox (done);
CREATE INDEX rehearsals_at ON rehearsals (at);
CREATE INDEX rehearsals_rung ON rehearsals (workload, rung, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('transitions',1);
COMMIT;
