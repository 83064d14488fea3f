"""Steering from sclang: what is set is what the server then holds and plays."""

import pytest


@pytest.fixture(scope="module")
def outcome(module_sclang, amt_server):
    return module_sclang.script("steering", amt_server.port, "steering")


def said(outcome, name):
    (words,) = outcome.said(name)
    return words


def test_ping_and_status(outcome):
    assert 0 < float(said(outcome, "ping")[0]) < 1
    version, model, session, next_bar, seed = said(outcome, "status")
    assert "nil" not in (version, model, seed)
    assert session == "sclang steering"
    assert next_bar == "0"
    assert said(outcome, "clients") == ["1"], "one that subscribes to nothing counts, too"
    assert said(outcome, "told in a fork") == ["1"], "an action is called in a fork as it is elsewhere"


def test_the_clocks_tempo_and_meter_reach_the_server(outcome):
    assert said(outcome, "clock's tempo") == ["240.0"]  # 480 beats a minute, halved into the model's range
    assert said(outcome, "new tempo") == ["90.0"]
    assert said(outcome, "meter") == ["6.0", "3", "4"]


def test_a_meter_set_by_hand_is_kept(outcome):
    assert said(outcome, "own meter") == ["7.0", "7", "8"]


def test_only_named_instruments_play(outcome):
    assert said(outcome, "instruments") == ["piano", "bass"]
    played = {int(program) for program in said(outcome, "played")[0].split(",")}
    assert played <= {*range(8), *range(32, 40)}
    assert {int(program) for program in said(outcome, "muted")[0].split(",")} <= set(range(8))
    assert {int(program) for program in said(outcome, "solo")[0].split(",")} <= set(range(32, 40))


def test_names_are_given_one_by_one_or_in_an_array(outcome):
    assert said(outcome, "one by one") == ["organ", "bass:0.5", "drums"]
    assert said(outcome, "in an Array") == ["organ", "drums"]


def test_values_come_back(outcome):
    assert said(outcome, "temperature") == ["1.25"]


def test_a_seed_gives_the_same_piece_again(outcome):
    assert outcome.said("reset") == [["11"], ["11"]]
    assert said(outcome, "after reset") == ["0"]
    assert said(outcome, "same seed") == ["true"]


def test_two_sessions_of_one_sclang_keep_their_own_place(outcome):
    assert said(outcome, "two sessions") == ["0", "2", "1"]


def test_a_file_is_saved_in_the_workspace(outcome, amt_server):
    assert said(outcome, "saved") == ["steering.mid"]
    assert (amt_server.workspace / "steering.mid").read_bytes().startswith(b"MThd")


def test_primed_bars_are_the_next_ones(outcome):
    assert said(outcome, "primed") == ["true", "false"]


def test_the_default_client_and_free(outcome):
    assert said(outcome, "default") == ["true"]
    assert said(outcome, "default after free") == ["true"]
    kind, text = said(outcome, "freed")
    assert kind == "AMTError"
    assert "AMT.new" in text
    assert said(outcome, "lives") == ["true"]


def test_at_top_level_answers_go_to_the_action_or_are_posted(sclang, amt_server):
    outcome = sclang.script("actions", amt_server.port, "actions")
    assert 0 < float(said(outcome, "ping")[0]) < 5
    assert said(outcome, "tempo") == ["240.0"]
    assert said(outcome, "status") == ["sclang actions"]
    assert said(outcome, "reset") == ["5"]
    assert said(outcome, "saved") == ["actions.mid"]
    assert "AMT ping: 0." in outcome.text
    assert "AMT get: 240.0" in outcome.text


def test_a_client_that_is_made_anew_follows_the_clock_no_more_than_the_one_before(sclang, amt_server):
    outcome = sclang.script("again", amt_server.port, "again")
    assert said(outcome, "by hand") == ["90.0"]
    assert said(outcome, "followed") == ["150.0"]
    assert said(outcome, "stopped") == ["true"], "a clock that was stopped is nobody's"
    assert outcome.text.count("WARNING: AMT: ") == 2, "what was typed is answered each time"
