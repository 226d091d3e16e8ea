"""What the action has put out in ci.yml: once for a new day, once for the same day again."""

import json
import os
import re

first, second = (json.loads(os.environ[name]) for name in ("FIRST", "SECOND"))
print(json.dumps({"first": first, "second": second}, indent=2))

for outputs in (first, second):
    assert outputs["date"] == "2026-11-12"
    assert outputs["page"] == "2026/2026-11-12.html"
    assert int(outputs["kept"]) > 0
    assert outputs["unscored"] == "0"
    assert outputs["cost-usd"] == "", "the embedded scorer costs nothing that could be reported"
assert first["status"] == "published"
assert re.fullmatch(rf"{first['kept']} of \d+ papers kept", first["reason"])
assert re.fullmatch("[0-9a-f]{40}", first["commit"])
assert second["status"] == "unchanged"
assert second["kept"] == first["kept"]
assert second["commit"] == ""
assert os.environ["IMPOSSIBLE"] == "failure", "a bad combination of inputs was not refused"
