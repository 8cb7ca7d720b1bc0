"""An assessment as other record systems read it: HL7 FHIR R4 (4.0.1)."""
