"""The predecessor's database, a Django app's, as tests need it: made by Django's own statements, and filled."""

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import psycopg

SQLITE_SCHEMA = Path(__file__).with_name("predecessor_sqlite.sql")
POSTGRES_SCHEMA = Path(__file__).with_name("predecessor_postgres.sql")

COMPANIES = ("aldi", "coles", "iga")
CATEGORIES_EACH, PRODUCTS_EACH = 12, 40
NAMES = ("Müsli 500g", "Crème fraîche", "Tea – green 🍵", 'Peanut "butter"', "Café's №1", "tab\there", "line\nfeed", "")


def make_sqlite(path: Path) -> Path:
    """The database in a new file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(SQLITE_SCHEMA.read_text(encoding="utf-8"))
        connection.execute("BEGIN")
        for table, rows in rows_for("sqlite").items():
            connection.executemany(_insert(table, rows, "?"), [tuple(row.values()) for row in rows])
        connection.execute("COMMIT")
    return path


def make_postgres(url: str) -> None:
    """The database in an empty one on PostgreSQL."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(POSTGRES_SCHEMA.read_text(encoding="utf-8"))
        for table, rows in rows_for("postgresql").items():
            connection.cursor().executemany(_insert(table, rows, "%s"), [tuple(row.values()) for row in rows])


def rows_for(dialect: Literal["sqlite", "postgresql"]) -> dict[str, list[dict[str, Any]]]:
    """table -> rows, in an order that the foreign keys allow. Where Django keeps a value otherwise on SQLite, so is it
    here: a UUID without hyphens, a duration in microseconds.
    """
    categories, parents, products, shelved, own_brands, prices, bargains = [], [], [], [], [], [], []
    for company, slug in enumerate(COMPANIES, start=1):
        for number in range(CATEGORIES_EACH):
            key = (company - 1) * CATEGORIES_EACH + number + 1
            categories.append(
                {
                    "id": key, "name": f"{NAMES[number % len(NAMES)]} {number}", "position": number,
                    "store_product_id": None if number % 3 else f"{slug}-{number:03d}", "company_id": company,
                }
            )  # fmt: skip
            parents += [(key, key - back) for back in (1, 4) if number >= back and number % 4]
        for number in range(PRODUCTS_EACH):
            key = (company - 1) * PRODUCTS_EACH + number + 1
            shelf = (company - 1) * CATEGORIES_EACH + number % CATEGORIES_EACH + 1
            products.append(
                {
                    "id": key, "sku": f"{number:05d}", "name": f"{NAMES[number % len(NAMES)]} {number}",
                    "barcode": None if number % 2 else f"93{number:011d}", "size": "", "weight": number / 7 - 2,
                    "attributes": None if number % 5 else '{"vegan": true, "from": "Köln"}',
                    "description": "lang\u2028er Text" * number, "image": bytes(range(number)),
                    "is_available": number % 2 == 0, "created_at": f"2025-10-06 12:00:{number % 60:02d}.25",
                    "brand_id": None if number % 3 else number % 2 + 1, "company_id": company,
                }
            )  # fmt: skip
            shelved += [(key, shelf), (key, shelf % (CATEGORIES_EACH * len(COMPANIES)) + 1)]
            if number % 10 == 0:
                own_brands.append({"product_ptr_id": key, "maker": f"maker of {slug}"})
            for day in (1, 2):
                prices.append(
                    {
                        "id": key * 2 + day - 2, "product_id": key, "price": f"{number}.{day}0",
                        "unit_price": None if day == 1 else f"{number}.0125", "valid_from": f"2025-10-0{day}",
                        "scraped_at": f"2025-10-0{day} 23:59:59.999999",
                    }
                )  # fmt: skip
            if number % 4 == 0:
                bargain = uuid.uuid5(uuid.NAMESPACE_URL, f"{slug}/{number}")
                bargains.append(
                    {
                        "id": bargain.hex if dialect == "sqlite" else str(bargain), "discount": "12.50",
                        "runs_for": 259_200_000_000 if dialect == "sqlite" else "3 days", "tags": '["neu", "😀"]',
                        "ends": "23:30:00", "product_id": key, "price_id": key * 2,
                    }
                )  # fmt: skip
    models = [("auth", "user"), ("companies", "category"), ("companies", "company"), ("products", "product")]
    return {
        "django_migrations": [
            {"id": number, "app": app, "name": name, "applied": "2025-10-06 03:00:00"}
            for number, (app, name) in enumerate(
                [
                    ("companies", "0001_initial"),
                    ("products", "0001_initial"),
                    # Noted, and never done: the column still has its old name.
                    ("companies", "0002_rename_store_product_id_category_category_id"),
                ],
                start=1,
            )
        ],
        "django_content_type": [
            {"id": n, "app_label": app, "model": model} for n, (app, model) in enumerate(models, start=1)
        ],
        "auth_permission": [
            {"id": n, "name": f"Can add {model}", "content_type_id": n, "codename": f"add_{model}"}
            for n, (_, model) in enumerate(models, start=1)
        ],
        "auth_group": [{"id": 1, "name": "Redaktion"}],
        "auth_group_permissions": [{"id": n, "group_id": 1, "permission_id": n} for n in (1, 2)],
        "auth_user": [
            {
                "id": 1, "password": "pbkdf2_sha256$1000000$a$b=", "last_login": None, "is_superuser": True,
                "username": "ana", "first_name": "Änä", "last_name": "", "email": "ana@shop.example", "is_staff": True,
                "is_active": True, "date_joined": "2025-10-06 03:00:00",
            }
        ],
        "auth_user_groups": [{"id": 1, "user_id": 1, "group_id": 1}],
        "auth_user_user_permissions": [{"id": 1, "user_id": 1, "permission_id": 3}],
        "companies_company": [
            {
                "id": n, "name": slug.title(), "slug": slug, "website": f"https://{slug}.example", "active": n != 3,
                "settings": '{"pages": [1, 2.5, null]}', "created_at": "2025-10-06 03:00:00.000001",
            }
            for n, slug in enumerate(COMPANIES, start=1)
        ],
        "companies_category": categories,
        "companies_category_parents": [
            {"id": n, "from_category_id": below, "to_category_id": above} for n, (below, above) in enumerate(parents, 1)
        ],
        "products_brand": [{"id": 1, "name": "Dr. Oetker®"}, {"id": 2, "name": "Bio, naturlich"}],
        "products_product": products,
        "products_product_categories": [
            {"id": n, "product_id": product, "category_id": shelf} for n, (product, shelf) in enumerate(shelved, 1)
        ],
        "products_ownbrandproduct": own_brands,
        "products_price": prices,
        "products_bargain": bargains,
        "django_session": [
            {"session_key": "k3" * 16, "session_data": "eyJhIjoxfQ:1a2b", "expire_date": "2025-10-20 03:00:00"}
        ],
    }  # fmt: skip


def _insert(table: str, rows: list[dict[str, Any]], mark: str) -> str:
    return f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({', '.join([mark] * len(rows[0]))})"
