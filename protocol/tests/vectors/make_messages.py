#!/usr/bin/env python3
"""Writes messages.txt: every message of the protocol as bytes, encoded by hand.

Made from PROTOCOL.md alone, without the Rust code, so that the two check each other. Needs only Python:

    python3 make_messages.py > messages.txt
"""

from make_keys import GOOD, derive_key, number


def uint(value):
    if value <= 250:
        return bytes([value])
    for marker, width in ((251, 2), (252, 4), (253, 8)):
        if value < 1 << (8 * width):
            return bytes([marker]) + value.to_bytes(width, "little")
    raise ValueError(value)


def field(name, value, remark=None):
    """An integer, an enum tag or a length."""
    return [(name, uint(value), str(value) if remark is None else f"{value}, {remark}")]


def text(name, value):
    raw = value if isinstance(value, bytes) else value.encode()
    shown = raw.decode()
    return [(f"{name}: bytes", uint(len(raw)), str(len(raw)))] + ([(name, raw, f'"{shown}"')] if raw else [])


def flag(name, value):
    return [(name, bytes([value]), "true" if value else "false")]


def raw(name, value):
    return [(name, value, f"{len(value)} bytes")]


def option(name, content):
    if content is None:
        return [(f"{name}: option", b"\0", "none")]
    return [(f"{name}: option", b"\1", "some")] + content


def key(name, digits):
    value = number(digits.encode())
    return [(name, uint(value), f"{value} = {digits}")]


def some_key(name, digits):
    return option(name, key(name, digits) if digits else None)


def some_uint(name, value):
    return option(name, None if value is None else field(name, value))


def sequence(name, items):
    return field(f"{name}: items", len(items)) + [line for item in items for line in item]


A, B, C = "QwErTy0123", "0000000001", "zzzzzzzzzz"
USER, LABEL = "alice@example.com", "backup script"
T0, T1, T2 = 1_800_000_000_000, 1_800_000_060_000, 253_402_300_799_999
# Both are called "instance": the starts of the daemon on its database, and word 1 of the revocation page.
STARTS, PAGE = 7, 14_975_833_346_827_168_437
DIGEST = bytes(range(32))
MAC = bytes(range(255, 223, -1))
REVOCATIONS = ["Deleted", "Replaced", "CredentialsChanged", "UserDeleted", "Expired"]
CHANGES = ["Change", "Reset"]


def cause(name, value):
    return field(name, REVOCATIONS.index(value), value)


def revoked(value, at):
    return field("state", 1, "Revoked") + cause("cause", value) + field("at", at)


def record(digits, user=USER, label=None, created=T0, by=1000, expires=None, used=None, state=None):
    return (
        key("key_id", digits)
        + text("user", user)
        + option("label", text("label", label) if label else None)
        + field("created_at", created)
        + field("created_by", by)
        + some_uint("expires_at", expires)
        + some_uint("last_used_at", used)
        + (state or field("state", 0, "Active"))
    )


FULL_RECORD = record(A, label=LABEL, expires=T2, used=T1)
REVOKED_RECORD = record(B, user="日本", by=0, state=revoked("Expired", T1))


def freshness(instance, epoch, slot, generation):
    return (field("instance", instance) + field("epoch", epoch) + field("slot", slot)
            + field("generation", generation))


def operation(method, target):
    return text("method", method) + text("target", target)


def head(revision):
    return field("head.revision", revision) + raw("head.mac", MAC)


def daemon():
    return field("actor", 0, "Daemon")


def peer(uid, gid, pid):
    return field("actor", 1, "Peer") + field("uid", uid) + field("gid", gid) + field("pid", pid)


def row(revision, actor, event):
    return field("revision", revision) + field("at", T0 + revision) + actor + event


def key_event(tag, name, *more):
    return field("event", tag, name) + key("key_id", A) + [line for part in more for line in part]


def policy_row(method, path, allow, name):
    return text("method", method) + text("path", path) + flag("allow", allow) + text("name", name)


VALID = field("verdict", 0, "Valid")
REFUSED = field("verdict", 1, "Refused")


def refused(tag, name, more=()):
    return REFUSED + field("refusal", tag, name) + list(more)


def status_answer(store, tag):
    return (
        text("version", "0.1.0") + field("pid", 4242) + field("started_at", T0) + field("instance", STARTS)
        + field("rights", 15, "all") + field("store", tag, store) + raw("store_id", bytes(range(16)))
        + field("revision", 300) + field("active_keys", 250) + field("revoked_keys", 251)
        + field("drafts", 65536) + field("connections", 3) + field("policy_rows", 12)
    )


def report(rows, fault):
    return field("rows", rows) + head(300) + option("fault", fault)


def messages():
    yield "Validate.request.key-only", key("key_id", A) + raw("digest", DIGEST) + option("operation", None)
    yield ("Validate.request.with-operation", key("key_id", A) + raw("digest", DIGEST)
           + option("operation", operation("GET", "/api/user/active/0/20?x=1")))
    yield ("Validate.answer.valid", VALID + text("user", "a") + key("key_id", B) + option("label", None)
           + some_uint("expires_at", None) + freshness(PAGE, 0, 0, 0))
    yield ("Validate.answer.valid-full", VALID + text("user", USER) + key("key_id", A)
           + option("label", text("label", LABEL)) + some_uint("expires_at", T2) + freshness(PAGE, 251, 65_535, 65_536))
    yield "Validate.answer.invalid", refused(0, "Invalid")
    yield "Validate.answer.unknown-key", refused(1, "UnknownKey")
    yield "Validate.answer.not-saved", refused(2, "NotSaved")
    yield "Validate.answer.wrong-secret", refused(3, "WrongSecret")
    for why in REVOCATIONS:
        yield f"Validate.answer.revoked-{why}", refused(4, "Revoked", cause("cause", why))
    yield "Validate.answer.damaged", refused(5, "Damaged")
    yield "Validate.answer.denied", refused(6, "OperationDenied", text("row", "list active users"))
    yield "Validate.answer.denied-by-default", refused(6, "OperationDenied", text("row", ""))
    yield ("Validate.answer.ambiguous",
           refused(7, "OperationAmbiguous", text("because", "the path holds an encoded slash")))

    yield "Status.request.empty", []
    yield "Status.answer.ready", status_answer("Ready", 0)
    yield "Status.answer.read-only", status_answer("ReadOnly", 1)

    yield "PolicyRows.request.from-the-start", field("from", 0)
    yield "PolicyRows.request.next", field("from", 300)
    table = field("total", 302) + flag("default_allow", True) + flag("case_sensitive", False) + field("epoch", 9)
    rows = [policy_row("GET", "/api/apikey/generate", False, "generate a key"), policy_row("*", "/health", True, "")]
    yield ("PolicyRows.answer.page", table + sequence("rows", rows) + some_uint("next", 2))
    yield "PolicyRows.answer.past-the-end", table + sequence("rows", []) + some_uint("next", None)

    yield "PolicySummary.request.empty", []
    rows_encoded = b"".join(encoded for item in rows for _, encoded, _ in item)
    hashed = derive_key(b"apikeyd 2026 policy table v1", bytes([True, False]) + rows_encoded)
    yield ("PolicySummary.answer.summary", field("total", 2) + table[1:] + raw("hash", hashed))

    yield "PolicyTest.request.operation", operation("DELETE", "/api/apikey/abc")
    for tag, name, why in ((0, "Allow", "no row matches; the default is allow"), (1, "Deny", "delete a key"),
                           (2, "Ambiguous", "the path has two meanings")):
        yield f"PolicyTest.answer.{name}", field("verdict", tag, name) + text("because", why)

    yield "RevocationPage.request.empty", []
    yield ("RevocationPage.answer.ready",
           field("monotonic_ns", 86_400_000_000_000) + field("bytes", 524_352) + field("policy_rules", 2))
    use = lambda digits, at: key("key_id", digits) + field("at", at)
    yield "ReportUses.request.two", sequence("uses", [use(A, T0), use(B, T1)])
    yield "ReportUses.answer.empty", []

    yield ("Generate.request.bare",
           text("user", USER) + option("label", None) + some_uint("expires_at", None))
    yield ("Generate.request.full",
           text("user", USER) + option("label", text("label", LABEL)) + some_uint("expires_at", T2))
    yield ("Generate.answer.draft", key("key_id", A) + text("key", GOOD) + field("draft_expires_at", T1))

    yield "Save.request.add", key("key_id", A) + field("mode", 0, "Add")
    yield "Save.request.replace", key("key_id", A) + field("mode", 1, "Replace")
    yield "Save.answer.added", record(A) + some_key("replaced", None)
    yield "Save.answer.replaced", FULL_RECORD + some_key("replaced", B)

    yield "RetrieveUser.request.user", text("user", USER)
    yield "RetrieveUser.answer.active", FULL_RECORD
    yield "RetrieveKey.request.key", key("key_id", C)
    yield "RetrieveKey.answer.revoked", REVOKED_RECORD

    yield "Delete.request.key", key("key_id", A)
    whose = key("key_id", A) + text("user", USER)
    yield "Delete.answer.revoked", whose + field("outcome", 0, "Revoked")
    yield ("Delete.answer.already-revoked",
           whose + field("outcome", 1, "AlreadyRevoked") + cause("cause", "Replaced") + field("at", T1))
    yield "Delete.answer.draft-discarded", whose + field("outcome", 2, "DraftDiscarded")

    for tag, change in enumerate(CHANGES):
        yield f"CredentialsChanged.request.{change}", text("user", USER) + field("cause", tag, change)
    yield "CredentialsChanged.answer.both", some_key("key_id", A) + some_key("draft", B)
    yield "DeleteUser.request.user", text("user", USER)
    yield "DeleteUser.answer.nothing", some_key("key_id", None) + some_key("draft", None)

    yield "List.request.first", some_key("after", None) + field("limit", 128) + flag("include_revoked", False)
    yield "List.request.next", some_key("after", A) + field("limit", 1) + flag("include_revoked", True)
    yield "List.answer.page", sequence("keys", [REVOKED_RECORD, FULL_RECORD]) + some_key("next", A)
    yield "List.answer.empty", sequence("keys", []) + some_key("next", None)

    yield "AuditList.request.first", field("after", 0) + field("limit", 128)
    user = text("user", USER)
    events = [
        field("event", 0, "StoreCreated"),
        key_event(1, "KeyAdded", user),
        key_event(2, "KeyReplaced", key("replaced", B), user),
        key_event(3, "KeyDeleted", user),
        key_event(4, "CredentialsChanged", user, field("cause", 1, "Reset")),
        key_event(5, "UserDeleted", user),
        key_event(6, "KeyExpired", user),
        key_event(7, "RecordPurged"),
        field("event", 8, "PolicyLoaded") + field("rows", 12) + raw("hash", DIGEST),
        field("event", 9, "BackupTaken"),
    ]
    rows = [row(at + 1, daemon() if at in (0, 6, 7) else peer(1000, 100, 4_000_000), event)
            for at, event in enumerate(events)]
    yield "AuditList.answer.every-event", sequence("rows", rows) + some_uint("next", 10)
    yield "AuditList.answer.empty", sequence("rows", []) + some_uint("next", None)

    yield "AuditVerify.request.plain", option("known_head", None)
    yield "AuditVerify.request.known-head", option("known_head", head(299))
    yield "AuditVerify.answer.intact", report(300, None)
    yield "AuditVerify.answer.missing", report(16, field("fault", 0, "Missing") + field("revision", 17))
    yield "AuditVerify.answer.altered", report(16, field("fault", 1, "Altered") + field("revision", 17))
    yield "AuditVerify.answer.head-altered", report(300, field("fault", 2, "HeadAltered"))
    yield ("AuditVerify.answer.known-head-lost",
           report(299, field("fault", 3, "KnownHeadLost") + field("revision", 299)))
    yield ("AuditVerify.answer.revocation-undone",
           report(300, field("fault", 4, "RevocationUndone") + field("revision", 17)))

    yield "Statistics.request.empty", []
    yield ("Statistics.answer.counters", sequence("counters", [
        text("name", "validations.valid") + field("value", 2**64 - 1), text("name", "keys.generated") + field("value", 0)]))

    yield "FilesInForce.request.empty", []
    table = lambda rows, allow: (field("policy_rows", rows) + flag("policy_default_allow", allow)
                                 + raw("policy_hash", DIGEST) + field("read_at", T1))
    path = lambda name, value: option(name, text(name, value) if value else None)
    yield ("FilesInForce.answer.files", path("configuration", "/etc/apikeyd/apikeyd.toml")
           + path("policy", "/etc/apikeyd/policy.toml") + table(251, False))
    yield "FilesInForce.answer.defaults", path("configuration", None) + path("policy", None) + table(12, True)

    yield "Reload.request.empty", []
    yield "Reload.answer.changed", field("policy_rows", 12) + flag("policy_changed", True)
    yield "Reload.answer.unchanged", field("policy_rows", 300) + flag("policy_changed", False)
    yield "Backup.request.empty", []
    yield "Backup.answer.ready", field("bytes", 1_589_248) + head(300)

    yield "Failure.answer.sentence", text("message", "no draft has this id; generate again")


def main():
    print("# Every message as bytes. Made by make_messages.py; a line is `hex | field = value`.")
    for name, lines in messages():
        print(f"\n[{name}]")
        for field_name, value, remark in lines:
            print(f"{value.hex(' ')} | {field_name} = {remark}")


if __name__ == "__main__":
    main()
