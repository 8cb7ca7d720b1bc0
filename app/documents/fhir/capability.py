"""What this server can do for another system, as a FHIR R4 CapabilityStatement."""

from app.documents.fhir.codes import Resource
from app.triage.rulebook import Rulebook

FHIR_VERSION = "4.0.1"
OPERATION_URL = "urn:uuid:1c6a2e0e-3f55-4f3e-8f3e-0d6b9b1f6a77"


def write_capability_statement(rulebook: Rulebook) -> Resource:
    """The CapabilityStatement, dated by the month that the rulebook's version names."""
    year, month, _ = rulebook.version.split(".")
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": f"{year}-{int(month):02}",
        "kind": "instance",
        "software": {"name": "Calcinosis Check", "version": rulebook.version},
        "implementation": {"description": "Stateless: nothing that is sent is kept."},
        "fhirVersion": FHIR_VERSION,
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": "Questionnaire",
                        "interaction": [{"code": "read"}],
                        "operation": [{"name": "assess", "definition": OPERATION_URL}],
                    }
                ],
            }
        ],
    }
