#!/usr/bin/env python3
"""Verify an audit export of evenkeel without evenkeel: Python 3.9 or newer, its standard library, and ssh-keygen.
Prints every fault with its place, then the verdict. Exit codes: 0 intact, 7 broken, 64 usage."""
import argparse, base64, csv, hashlib, importlib.util, io, json, os, re, shutil, struct, subprocess, sys, tempfile
blake3 = __import__("blake3").blake3 if importlib.util.find_spec("blake3") else None
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
SIDES = [(i, 4 + (i + turn) % 4, 8 + (i + 2 * turn) % 4, 12 + (i + 3 * turn) % 4) for turn in (0, 1) for i in range(4)]
ENTRIES = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn", "break-glass": "glass-broken", "follow-up": "followed-up"}
NOT_IN_REGISTER = ("lease-taken", "lease-returned", "steps-intended", "steps-ended")
FAULTS = []
def fault(place, what):
    FAULTS.append(print(ascii(f"{place}: {what}")[1:-1]))
def need(is_right, what):
    if not is_right:
        raise ValueError(what)
def guard(place, check, *arguments):
    try:
        return check(*arguments)
    except Exception as error:
        fault(place, error if type(error) is ValueError else f"missing or malformed: {error!r}")

def compress(jobs):
    """BLAKE3's compression of many blocks at once: each block has a lane of 64 bits in Python's long integers."""
    count = len(jobs)
    lanes = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * count, "little")
    pack = lambda numbers: int.from_bytes(struct.pack(f"<{count}Q", *numbers), "little")
    values, blocks, counters, flags = zip(*jobs)
    words = struct.unpack(f"<{16 * count}I", b"".join(block.ljust(64, b"\0") for block in blocks))
    m = [pack(words[place::16]) for place in range(16)]
    v = [*map(pack, zip(*values)), *(pack([word] * count) for word in IV[:4]), pack(counters), 0, pack(map(len, blocks)), pack(flags)]
    for _ in range(7):
        for side, (a, b, c, d) in enumerate(SIDES):
            for word, first, second in ((m[2 * side], 16, 12), (m[2 * side + 1], 8, 7)):
                v[a] = v[a] + v[b] + word & lanes
                v[d] = ((v[d] ^ v[a]) >> first | (v[d] ^ v[a]) << 32 - first) & lanes
                v[c] = v[c] + v[d] & lanes
                v[b] = ((v[b] ^ v[c]) >> second | (v[b] ^ v[c]) << 32 - second) & lanes
        m = [m[place] for place in ORDER]
    return list(zip(*(struct.unpack(f"<{count}Q", (v[i] ^ v[i + 8]).to_bytes(8 * count, "little")) for i in range(8))))

def digests(messages):
    """Returns the BLAKE3 digests of messages, as written in the ledger."""
    if blake3:
        return ["blake3:" + blake3(message).hexdigest() for message in messages]
    data = {(n, at): message[at:at + 1024] for n, message in enumerate(messages) for at in range(0, len(message) or 1, 1024)}
    values = dict.fromkeys(data, IV)
    ends = [2 + 8 * (len(message) <= 1024) for message in messages]
    for offset in range(0, 1024, 64):
        jobs = {(n, at): (values[n, at], chunk[offset:offset + 64], at // 1024, (offset == 0) + ends[n] * (len(chunk) <= offset + 64))
                for (n, at), chunk in data.items() if len(chunk) > offset or offset == 0}
        values.update(zip(jobs, compress(list(jobs.values())) if jobs else []))
    trees = [[values[n, at] for at in range(0, len(message) or 1, 1024)] for n, message in enumerate(messages)]
    for tree in trees:
        while len(tree) > 1:
            pairs = [struct.pack("<16I", *left, *right) for left, right in zip(tree[::2], tree[1::2])]
            tree[:] = compress([(IV, pair, 0, 4 + 8 * (len(tree) == 2)) for pair in pairs]) + tree[len(tree) & ~1:]
    return ["blake3:" + struct.pack("<8I", *tree[0]).hex() for tree in trees]
def load(data):
    once = lambda pairs: dict(pairs) if len(dict(pairs)) == len(pairs) else fault("JSON", "a key is repeated")
    return json.loads(data if isinstance(data, str) else data.decode(), object_pairs_hook=once)
def dump(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
def ssh_keygen(action, namespace, message, signature, *more, approvers=""):
    """Returns the words of ssh-keygen about a signature; none if it does not match."""
    with tempfile.TemporaryDirectory() as desk:
        for name, text in (("signature", signature), ("approvers", approvers)):
            with open(os.path.join(desk, name), "wb") as file:
                file.write(text.encode())
        command = ["ssh-keygen", "-Y", action, "-n", namespace, "-s", os.path.join(desk, "signature"), *more]
        command += ["-f", os.path.join(desk, "approvers")] if approvers else []
        done = subprocess.run(command, input=message, capture_output=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}, timeout=60)
        return (done.stdout + done.stderr).decode(errors="replace").strip() if done.returncode == 0 else ""
def people(text):
    """Returns the person of each name in a file of approvers: lines that share a name are of one person."""
    person = {}
    for quoted, plain in re.findall(r'^[ \t]*(?:"([^"]*)"|([^ \t\n#"][^ \t\n]*))', text, re.MULTILINE):
        names = [name.lower() for name in (quoted or plain).split(",") if not name.startswith("role:")]
        joined = {person[name] for name in names if name in person}
        person.update(dict.fromkeys(names + [name for name, of in person.items() if of in joined], names[0]))
    return person
def deciders(dossier, entries):
    """Returns the people who approved the plan of a dossier, and those who rejected it, as the gate judges."""
    policy, text, names = dossier["policy"], dossier.get("approvers"), people(dossier.get("approvers") or "")
    about = {"system": dossier["system"], "environment": dossier["production"], "plan": dossier["release"]["plan"]}
    demands = {key: dossier[key] for key in ("policy", "path", "place", "severities", "differences", "approvers") if key in dossier}
    to_approve = {"recipe": dossier["release"]["recipe"], "evidence": dossier["evidence-digest"],
                  "policy": digests([b"evenkeel policy 1\0" + dump(demands)])[0]}
    barred = [(dossier.get("involved") or {}).get(whom + "s") for whom in policy.get("approvals-exclude", [])]
    decided, newest, moment = {}, {}, lambda text: (text[:19], text[19:-1])
    facts = [("approve", fact) for fact in dossier["approvals"]]
    facts += [("withdraw" if fact["withdraws"] else "reject", fact) for fact in dossier.get("decisions", [])]
    for decision, fact in sorted(facts, key=lambda each: each[1].get("sequence") or 0):
        signed, number, person, may = fact.get("signed") or {}, fact.get("sequence") or 0, fact["by"], True
        at, is_ahead = (f"{number:020}", ""), moment(fact["at"]) > moment(dossier["at"])
        if number >= min(entries):
            body = entries[number]["body"]
            kept = {key: value for key, value in (body.get("signed") or {}).items() if key in ("statement", "signature")}
            need((entries[number]["kind"], body["plan"], body["by"]["name"], kept) == (ENTRIES[decision], fact["plan"], person, signed),
                 f"its decision {number} differs from that entry")
        if fact["plan"] != about["plan"] or bool(signed) != (text is not None):
            continue
        if signed:
            when = "verify-time=" + re.sub("[^0-9]", "", (dossier if is_ahead else fact)["at"][:19])
            statement, signature = load(signed["statement"]), (signed["statement"].encode(), signed["signature"], "-O", when)
            by = lambda name: ssh_keygen("verify", "release@evenkeel.dev", *signature, "-I", name, approvers=text)
            person, at = names.get(statement["by"].lower()), moment(statement["at"])
            if not by(statement["by"]) or {**statement, **about, "decision": decision} != statement:
                continue
            may = {**statement, **to_approve} == statement and all(by("role:" + role) for role in [policy.get("approvals-role")] if role)
            may = may and all(whom is not None and person not in [names.get(name.lower()) for name in whom] for whom in barred)
        elif person.startswith("ci:") or decision == "approve" and fact["evidence"] != to_approve["evidence"]:
            continue
        is_late, newest[person] = is_ahead or at <= newest.get(person, ("", "")), max(at, newest.get(person, at))
        if decision == "withdraw" and (not is_late or decided.get(person)):
            decided.pop(person, None)
        elif decision == "reject" or decision == "approve" and may and not is_late:
            decided[person] = decision == "approve" and decided.get(person, True)
    return list(decided.values()).count(True), list(decided.values()).count(False)
def check_line(entry, line, number, previous):
    canonical = dump({**entry, "body": None}).replace(b"null", line[8:line.rfind(b',"kind":')], 1)
    need(sorted(entry) == ["body", "kind", "previous", "sequence", "time"] and canonical == line, "not in canonical form")
    is_next = (entry["sequence"], entry["previous"]) == (number, previous) and (entry["kind"] == "founded") == (number == 1)
    need(is_next, "altered, or not the successor of the entry before it")
def check_entry(kind, body, entries, read):
    if kind in ENTRIES.values() and body.get("signed"):
        signed, statement, about = body["signed"], load(body["signed"]["statement"]), {"evidence": body.get("dossier")} if kind == "glass-broken" else {}
        about.update({key: body[key] for key in ("environment", "plan", "evidence", "reason", "incident") if key in body})
        need({**statement, **about} == statement and ENTRIES[statement["decision"]] == kind, "its statement is about something else")
        words = ssh_keygen("check-novalidate", "release@evenkeel.dev", signed["statement"].encode(), signed["signature"])
        need(signed["key"] in words.split(), "its signature does not match")
    for digest in filter(None, (body.get("dossier"), body.get("output"))):
        need(digests([read("objects/" + digest[7:])]) == [digest], f"its object {digest} is altered")
    if kind == "release-started":
        dossier = load(read("objects/" + body["dossier"][7:]))
        rules, dossier = dossier.get("rules", 1), dossier.get("dossier", dossier)  # the first format had no frame
        need((dossier["release"]["plan"], dossier["production"]) == (body["plan"], body["environment"]), "its dossier is another one")
        (approving, rejecting), policy = deciders(dossier, entries), dossier["policy"]
        needed = policy.get("rollback-approvals", 0) if dossier.get("rollback") else policy["approvals"]
        override = [each for each in entries.values() if each["kind"] == "glass-broken" and each["body"]["release"] == body["release"]]
        is_enough = approving >= needed and not (rejecting and rules >= 4) or any(each["body"]["dossier"] == body["dossier"] for each in override)
        need(is_enough, f"{approving} of {needed} approvals, {rejecting} rejections")
        signed = ("signed" if dossier.get("approvers") is not None else "not signed") + ", break-glass" * bool(override)
        print(ascii(f"{body['release']}: {approving} of {needed} approvals, {signed}")[1:-1])
def check_statement(name, document, subject):
    if "payload" in document:
        payload, kind = base64.b64decode(document["payload"], validate=True), document["payloadType"].encode()
        message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        signature, document = base64.b64decode(document["signatures"][0]["sig"], validate=True).decode(), load(payload)
        need(words := ssh_keygen("check-novalidate", "attestation@evenkeel.dev", message, signature), "its signature does not match")
        print(ascii(f"{name}: {words}")[1:-1])
    need(subject in document["subject"][0]["digest"].values(), "its subject is another one")

def verify(folder, against):
    paths = [os.path.join(at, name) for at, folders, names in os.walk(folder) for name in names + folders]
    names = {os.path.relpath(path, folder): path for path in paths if os.path.islink(path) or not os.path.isdir(path)}
    found = {name: path for name, path in names.items() if os.path.isfile(path) and not os.path.islink(path)}
    read = lambda name: open(found[name], "rb").read()
    manifest, entries = load(read("MANIFEST.json")), {}
    for name in sorted({*manifest["files"], *names} - {"MANIFEST.json", "MANIFEST.dsse.json"}):
        if name not in found or hashlib.sha256(read(name)).hexdigest() != manifest["files"].get(name):
            fault(name, "altered" if name in found and name in manifest["files"] else "missing, no file, or not in MANIFEST.json")
    first, last, previous, lines = manifest["first"], manifest["last"], manifest["before"], read("entries.jsonl").split(b"\n")
    if lines.pop() or first == 1 and [previous] != digests([b"evenkeel ledger 1"]):
        fault("entries.jsonl", "cut off, or its first entry does not follow the root of a ledger")
    known = {first - 1: previous}
    for number, (line, digest) in enumerate(zip(lines, digests(lines)), first):
        guard(f"entry {number}", lambda: check_line(entries.setdefault(number, load(line)), line, number, previous))
        known[number] = previous = digest
    for path in [found["checkpoint.json"], *against]:
        kept = load(open(path, "rb").read())
        is_known = known.get(kept["sequence"]) == kept["digest"] or kept["sequence"] < first - 1
        if kept["lineage"] != manifest["lineage"] or not is_known or path in found.values() and kept["sequence"] != max(known):
            fault(path, f"entry {kept['sequence']} is missing, another one, or not the last one")
    subjects, named, rows = {"MANIFEST": hashlib.sha256(read("MANIFEST.json")).hexdigest()}, set(), []
    for number, entry in ((number, entry) for number, entry in entries.items() if number <= last):
        kind, body = entry["kind"], entry["body"]
        guard(f"entry {number}", check_entry, kind, body, entries, read)
        named |= {"objects/" + body[key][7:] for key in ("dossier", "output") if body.get(key)}
        subjects.update({"statements/" + body["release"]: body["plan"][7:]} if kind == "release-started" else {})
        rows += [(str(number), kind, known[number])] if kind not in NOT_IN_REGISTER else []
    for name in sorted(found):
        if name.startswith(("statements/", "MANIFEST.dsse")):
            guard(name, check_statement, name, load(read(name)), subjects.get(name.split(".")[0]))
        elif name.startswith("objects/") and name not in named:
            fault(name, "no entry names it")
    table = csv.DictReader(io.StringIO(read("register.csv").decode(), newline=""))
    if [(row["entry"], row["kind"], row["digest"]) for row in table if row["kind"] != "exception"] != rows:
        fault("register.csv", "its rows are not the entries of the period")
    return f"entries {first} to {max(known)}, head {previous}"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=os.path.dirname(os.path.abspath(__file__)), help="the unpacked export")
    parser.add_argument("--against", action="append", default=[], help="a checkpoint that was kept elsewhere")
    parser.error = lambda words: sys.exit(print(words, file=sys.stderr) or 64)
    options = parser.parse_args() if shutil.which("ssh-keygen") else parser.error("ssh-keygen is missing: install OpenSSH")
    words = guard(options.folder, verify, options.folder, options.against)
    print(f"BROKEN: {len(FAULTS)} faults" if FAULTS else f"INTACT: {words}")
    sys.exit(7 if FAULTS else 0)
