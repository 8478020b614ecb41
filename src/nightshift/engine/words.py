"""The vocabulary of answers: 256 English words of three letters, one for each value of a byte.

`LETTERS` are the same words read downwards, as three tables for `bytes.translate`.
"""

_WORDS = """
    the and for are but not you all any can had her was one our out day get has him his how man new now old
    see two way who boy did its let put say she too use dad mom act add age ago aid aim air ale arm art ask
    ate axe bad bag ban bar bat bay bed bee beg bet bid big bin bit bow box bud bug bus buy cab cap car cat
    cow cry cub cup cut dam den dew dig dim dip dog dot dry due dug dye ear eat egg ego elf elm end era eve
    eye fan far fat fed fee few fig fin fit fix fly foe fog fox fun fur gap gas gem gin got gum gun gut guy
    ham hat hay hen hid hip hit hop hot hug hut ice ill ink inn ion ivy jam jar jaw jet job jog joy jug key
    kid kin kit lab lap law lay leg lid lie lip lit log lot low mad map mat may mix mob mud mug nap net nod
    nor nut oak oar oat odd off oil ore owe owl own pad pan pat paw pay pea peg pen pet pie pig pin pit pod
    pop pot pro pub rag ram ran rat raw ray red rib rid rim rip rob rod row rub rug run sad sat saw sea set
    sew shy sip sir sit six ski sky sly sob son sow spy sum sun tag tan tap tar tax tea ten
"""

WORDS = tuple(_WORDS.split())
LETTERS = tuple("".join(word[place] for word in WORDS).encode() for place in range(3))
