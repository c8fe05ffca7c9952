"""A card for machines: Croissant 1.0, which is schema.org's Dataset in JSON-LD.

The format: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENCODINGS = {"csv": "text/csv", "tsv": "text/tsv", "parquet": "application/x-parquet"}
TYPES = {"number": "sc:Float", "time": "sc:DateTime"}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(card: Mapping[str, Any], folder: Path) -> dict[str, Any] | None:
    """Return a card as Croissant's JSON-LD; None where its rows lie in no file that the format knows.

    Parameters
    ----------
    card
        As ``card.json`` holds it.
    folder
        Where the JSON-LD will lie: files are named from there.
    """
    lines = {name: line["known"] for name, line in card["lines"].items()}
    storage, meaning = lines["storage"], lines["meaning"]
    encoding = ENCODINGS.get(str(storage.get("format")))
    if encoding is None:
        return None
    path = Path(storage["path"])
    file = {
        "@type": "cr:FileObject",
        "@id": _node(path.name),
        "name": path.name,
        "contentUrl": Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
        "contentSize": f"{storage['bytes']} B",
        "encodingFormat": encoding,
        "sha256": storage["sha256"],
    }
    coerced = {entry["column"] for entry in lines["excluded"]["cells_set_missing"]}
    columns = lines["attributes"]["columns"]
    nodes = [_node(column["name"]) for column in columns]
    nodes = [node if nodes.index(node) == place else f"{node}_{place}" for place, node in enumerate(nodes)]
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"rows/{node}",
            "name": column["name"],
            "description": column["description"],
            "dataType": _type(column, coerced),
            "source": {"fileObject": {"@id": file["@id"]}, "extract": {"column": column["name"]}},
        }
        for node, column in zip(nodes, columns, strict=True)
    ]
    told = {name: meaning[key] for name, key in (("license", "licence"), ("url", "url")) if meaning[key]}
    creator = {"creator": {"@type": "sc:Organization", "name": meaning["owner"]}} if meaning["owner"] else {}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card["name"],
        "description": card["lines"]["meaning"]["told"] or "TODO(owner): what a row is, and what the data mean",
        "version": f"1.0.0+{card['data'][:12]}",
        "datePublished": lines["collection"]["read"][:10],
        **told,
        **creator,
        "distribution": [file],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}],
    }


def _node(name: str) -> str:
    """Return a name as the identifier of a node, which holds no space."""
    return re.sub(r"[^\w.+-]", "_", name)


def _type(column: Mapping[str, Any], coerced: set[str]) -> str:
    """Return the type of a column; one whose cells do not all read as its kind is text."""
    return "sc:Text" if column["name"] in coerced else TYPES.get(column["kind"], "sc:Text")
