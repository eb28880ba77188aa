"""A department over lines: replace `rows` by your own source."""

from __future__ import annotations

from hedui_department import Answer, Department, Person, found, no_record, record, serve_lines


def rows(id_number: str) -> list:
    """The rows of a person: (name, key, plate, value in yuan)."""
    register = {"511703198406129811": [("张建国", "V1", "川S12345", "75800.00")]}
    return register.get(id_number, [])


def answer(person: Person) -> Answer:
    of = rows(person.id_number) or rows(person.legacy_id_number)
    if not of:
        return no_record()
    records = [
        record("vehicle", key, plate=plate, kind="car", usage="private", status="normal", value=value)
        for _, key, plate, value in of
    ]
    return found(*records, registered_name=of[0][0])


if __name__ == "__main__":
    serve_lines(Department("my-department", "我的部门", "My department", ["vehicle"], answer))
