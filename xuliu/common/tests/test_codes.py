from xuliu.common.codes import ALPHABET, new_code


def test_a_code_holds_at_least_128_bits_and_no_letter_that_is_misread() -> None:
    code = new_code()

    assert len(code) * 5 >= 128
    assert set(code) <= set(ALPHABET)
    assert not set("ilou") & set(ALPHABET)


def test_codes_do_not_repeat() -> None:
    assert len({new_code() for _ in range(1000)}) == 1000
