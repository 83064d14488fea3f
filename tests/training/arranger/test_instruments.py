from training.arranger import instruments
from training.arranger.instruments import DRUMS, FAMILIES, KIT


def test_every_program_has_a_compass_that_holds_its_stand_ins_music() -> None:
    for program in range(128):
        low, high = instruments.compass(program)
        assert low >= 0
        assert low + 24 <= high <= 127


def test_everybody_may_stand_in_for_himself() -> None:
    for program in range(128):
        assert program in instruments.stand_ins(program)


def test_families_hold_programs_and_the_kit_percussion() -> None:
    assert all(0 <= program < 128 for family in FAMILIES for program in family)
    low, high = instruments.compass(DRUMS)
    assert all(low <= pitch <= high for pitch in KIT.values())
    assert len(set(KIT.values())) == len(KIT)
