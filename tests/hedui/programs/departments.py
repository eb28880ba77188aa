"""Three departments on their own databases: the payroll over lines, the register of employment over HTTP, that of land over gRPC.

    departments.py payroll DATABASE
    departments.py employment DATABASE TOKEN
    departments.py agriculture DATABASE
"""

import sqlite3
import sys
from decimal import Decimal

from hedui_department import Department, found, no_record, record, serve_lines
from hedui_department.http import server


def rows(table, key, person):
    """The rows of a person under both numbers; one connection a question, read only."""
    with sqlite3.connect(f"file:{sys.argv[2]}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        asked = (person.id_number, person.legacy_id_number)
        return database.execute(f"SELECT * FROM {table} WHERE {key} IN (?, ?)", asked).fetchall()


def month(text):
    return f"{text[:4]}-{text[4:]}" if text else None


def payroll(person):
    found_rows = rows("czgy_ry", "sfzhm", person)
    records = [
        record(
            "public_payroll",
            row["gzbh"],
            unit_name=row["dwmc"],
            unit_credit_code=row["dwdm"],
            monthly_amount=row["yfgz"],
            from_=month(row["qsyf"]),
            until=month(row["zzyf"]),
        )
        for row in found_rows
    ]
    return found(*records, registered_name=found_rows[0]["ryxm"]) if records else no_record()


MEASURES = {"POST": "public-welfare-post", "INSURANCE": "social-insurance-subsidy"}
CYCLES = {"MONTH": "monthly", "YEAR": "yearly", "ONCE": "once"}
STATES = {"PAID": "drawing", "ENDED": "ended"}


def employment(person):
    registered = rows("employment_record", "id_card", person)
    paid = rows("subsidy_record", "id_card", person)
    records = [
        record(
            "employment",
            row["record_no"],
            status=row["state"].lower(),
            employer_name=row["employer_name"],
            employer_credit_code=row["employer_code"],
            from_=row["month_from"] or None,
            until=row["month_until"] or None,
            monthly_benefit=row["benefit_per_month"] or None,
        )
        for row in registered
    ]
    records += [
        record(
            "assistance",
            row["record_no"],
            programme=MEASURES[row["measure"]],
            amount=row["amount"],
            period=CYCLES[row["paid_per"]],
            from_=row["month_from"] or None,
            until=row["month_until"] or None,
            division_code=row["district_code"],
            status=STATES[row["state"]],
        )
        for row in paid
    ]
    return found(*records, registered_name=(registered + paid)[0]["person_name"]) if records else no_record()


def day(text):
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text else None


def agriculture(person):
    found_rows = rows("nyxx", "cbfzjhm", person)
    records = [
        record(
            "land",
            row["id"],
            kind="farmland",
            contract_number=row["htbh"],
            area_centimu=round(Decimal(row["htmj"]) * 100) if row["htmj"] else None,
            leased_out=str(row["sflz"]) == "1",
            annual_rent=row["nzj"] or None,
        )
        if row["ywlx"] == "CB"
        else record("subsidy", row["id"], project=row["xmmc"], amount=row["btje"], paid_on=day(row["ffrq"]))
        for row in found_rows
    ]
    return found(*records, registered_name=found_rows[0]["cbfmc"]) if records else no_record()


if sys.argv[1] == "payroll":
    serve_lines(Department("fiscal-payroll", "财政局", "Financial Bureau", ["public_payroll"], payroll))
elif sys.argv[1] == "agriculture":
    from hedui_department.grpc import server as grpc_server

    department = Department("agriculture", "农业农村局", "Agricultural Bureau", ["land", "subsidy"], agriculture)
    with grpc_server(department) as running:
        print(running.port, flush=True)
        running.wait()
else:
    department = Department("employment", "就业服务管理局", "Employment Service", ["employment", "assistance"], employment)
    with server(department, token=sys.argv[3]) as running:
        print(running.server_address[1], flush=True)
        running.serve_forever()
