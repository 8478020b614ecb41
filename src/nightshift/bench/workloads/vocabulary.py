"""The words of synthetic chat: openings, follow-ups, sentence patterns and the vocabulary of each topic.

Everything here was written for Nightshift; no sentence is taken from a data set. Order matters: the
generator draws from each list with Zipf weights, so that what stands first is said most.

In openings, follow-ups and patterns `N` is a noun of the topic, `A` an adjective, `V` a verb in its base
form; every other word stands for itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """What people talk about: nouns, adjectives and verbs of one field."""

    name: str
    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]
    verbs: tuple[str, ...]


OPENINGS: tuple[str, ...] = (
    "What is the A N",
    "Write a short story about a A N",
    "Explain the A N",
    "How do I V the N",
    "What is the difference between the N and the N",
    "Can you explain how the N can V the N",
    "Write a A N",
    "Give me a list of A N names",
    "How does the N V the N",
    "Why is the N so A",
    "Tell me about the A N",
    "Can you help me V the A N",
    "Please write an email about the A N",
    "What are the best ways to V the N",
    "Summarize the following text about the A N",
    "Who was the first to V the N",
    "Is it possible to V the A N",
    "Describe the A N",
    "Create a plan to V the A N",
    "Compare the N with the N",
    "Which is better, the A N or the A N",
    "Translate the following text about the N",
    "Give me five ideas for a A N",
    "Imagine that the N is A",
    "Rewrite the following paragraph on the A N",
    "When should I V the N",
    "My friend says that the N is A",
    "List the main parts of the N",
    "Help me understand the A N",
    "Suppose that a N can V the N",
    "Here is a question about the A N",
    "Let us think about the A N",
    "I have a problem with the A N",
    "Do you know the A N",
    "Answer in one sentence: why is the N A",
    "Are there any A N types",
    "Make a table of the A N and the N",
    "Write a poem about the A N",
    "Discuss the A N",
    "Correct the errors in this text on the A N",
    "In simple words, what is the A N",
    "Should I V the N or V the N",
    "Where can I find the A N",
    "Design a A N",
    "Predict the N",
)

ROLES: tuple[str, ...] = (
    "I want you to act as a teacher who explains things step by step. I will give you a question, and you "
    "will answer it in plain words, with one example for each step. My first question is about the A N",
    "You are a helpful assistant. Read the text below with care and answer only from it. If the answer is "
    "not in the text, say that you do not know. The text is about the A N",
    "I want you to act as an editor. I will send you a text, and you will correct its spelling and make it "
    "easier to read, without any comment. The text is about the A N",
    "Act as an interviewer. Ask me one question at a time and wait for my answer. I am applying for a place "
    "where one must V the A N",
    "Let us play a game. You describe where I am and what I see, and I tell you what I do. Stay in the story "
    "at all times. It begins with the A N",
    "Below is an instruction that describes a task. Write an answer that completes it. The task: V the A N",
)

POPULAR: tuple[str, ...] = (
    "Hello",
    "Hi",
    "Tell me a joke.",
    "What can you do?",
    "Who are you and who made you?",
    "Hello, how are you today?",
    "Write a story about a dragon and a small village.",
    "What is the meaning of life?",
    "Good morning!",
    "How many letters are in the word banana?",
    "Write a poem about the sea at night.",
    "Explain gravity to a child of five.",
)

FOLLOW_UPS: tuple[str, ...] = (
    "Can you explain the A N",
    "What about the N",
    "Why does the N V the N",
    "Make it shorter and leave out the N",
    "Give me an example of the A N",
    "Now write it again with a A N",
    "Are you sure that the N is A",
    "Thanks, and how do I V the N",
    "That is not right, the N is A",
    "Tell me more about the A N",
    "How would you V the N",
    "Continue with the N",
    "Add a part on the A N",
    "And what if the N is A",
    "Put it in a table with the N",
    "Which of these is the A N",
    "I do not understand the A N",
    "In the second point, what is the N",
    "Please use simple words for the N",
    "Could I also V the N",
)

SHORT_FOLLOW_UPS: tuple[str, ...] = (
    "Why?",
    "Continue.",
    "Are you sure?",
    "Thanks!",
    "Make it shorter.",
    "Tell me more.",
    "And then?",
    "Try again, please.",
)

PATTERNS: tuple[str, ...] = (
    "the N of the N is A",
    "I would like to V the A N before I V the N",
    "the A N and the N are both important here",
    "we have a N that can V the N",
    "it should V every N that the N does not V",
    "the N depends on how A the N is",
    "most people V the N because the N is A",
    "in my case the N was A and the N was not",
    "please keep the A N in mind when you V it",
    "there is also a N that seems A to me",
    "if the N is too A then we V another N",
    "do not V the N unless it is really A",
    "my N asked me to V a A N for the N",
    "each N has its own N and they V it in turn",
    "last year the N became more A than the N",
    "you can V the N first and then V the A N",
    "I am not sure whether the N will V the N",
    "the result must be A and easy to V",
    "they say that a A N may V the N over time",
    "use the N to V what is left of the N",
    "for example a N with a A N",
    "so far I could only V the A N",
)

_TOPICS = """\
software
| function program error list database server file code loop string library query interface test class
table script module thread browser cache variable compiler network version package
| recursive fast empty parallel static broken typed hidden remote stable sorted portable
| compile debug call store parse sort return deploy refactor load install measure

language
| sentence word paragraph essay verb grammar dialogue letter summary title tone phrase meaning translation
speech accent reader author chapter style metaphor noun
| formal clear polite active spoken common literary short foreign correct careful vivid
| write read translate edit correct quote describe rephrase pronounce shorten publish compare

fiction
| dragon king forest castle knight village ghost detective ship island journey secret storm enemy sister
wizard sword kingdom river tower stranger winter letter moon garden
| brave ancient lonely dark golden cruel gentle silent magic lost wounded proud
| follow find betray rescue fear remember hide escape defend discover forgive chase

science
| particle energy planet atom cell wave theory experiment light gravity molecule reaction star temperature
field mass electron telescope orbit hypothesis vacuum pressure
| magnetic chemical massive visible nuclear liquid stable unknown thermal heavy distant charged
| observe predict heat absorb emit weigh separate attract explain double cool model

health
| doctor muscle diet sleep vitamin heart symptom exercise skin blood medicine headache patient stress
habit nurse virus protein stomach therapy allergy bone
| healthy chronic mild daily painful natural safe tired common severe regular balanced
| treat prevent improve reduce rest avoid stretch heal check support lower breathe

history
| empire war king treaty revolution city trade church soldier century border navy army railway law
election colony merchant museum rebellion peasant alliance
| medieval powerful colonial early ancient famous military royal modern violent religious industrial
| conquer rule divide unite defeat record found abolish govern invade negotiate rebuild

food
| recipe bread sauce onion oven rice cheese soup garlic butter dinner kitchen flour tomato chicken salad
pepper noodle cake breakfast lemon potato
| fresh sweet spicy crisp warm simple salty vegetarian frozen rich cheap sour
| cook bake chop boil serve taste mix fry season cool roast freeze

business
| company market customer price product team budget manager contract brand profit investor strategy office
meeting sale campaign supplier salary startup loan report
| profitable global annual small loyal digital public competitive quarterly honest cheap flexible
| sell launch hire invest plan promote deliver negotiate grow measure finance advertise

travel
| train hotel beach city airport museum ticket mountain passport bridge tourist bus guide market island
station luggage lake temple border coast weekend
| cheap quiet crowded scenic local northern popular remote sunny historic direct friendly
| visit book reach explore cross leave enjoy rent photograph avoid pack recommend

mathematics
| number equation triangle proof matrix graph angle prime function integral probability vector set limit
circle sum theorem variable average polynomial ratio axis
| even rational positive finite linear random convex infinite equal discrete continuous unique
| solve prove add divide multiply count estimate simplify plot differentiate integrate bound

music
| song guitar melody chord album piano band rhythm concert singer drum lyric note violin orchestra
festival studio record bass chorus tempo composer
| slow loud minor acoustic popular electric happy soft famous modern harmonic live
| play sing compose record tune practice perform rehearse mix arrange repeat enjoy

nature
| tree bird river forest insect flower garden soil rain whale root seed mountain wolf leaf ocean nest
climate desert bee mushroom season
| wild green tropical rare tall dry cold fertile native endangered small deep
| grow feed protect plant water hunt migrate survive spread shelter prune observe

society
| government citizen law school tax vote right election court teacher family news police debate policy
minister freedom worker union parliament budget crime
| public fair legal national social political urban private local independent equal strict
| support elect protest debate teach decide reform protect fund ban defend report

technology
| battery robot phone engine camera sensor satellite screen car chip model device drone laptop signal
motor circuit keyboard printer wheel antenna charger
| electric smart wireless cheap digital portable efficient automatic modern accurate noisy reliable
| charge repair design replace connect control power upgrade assemble drive detect switch
"""


def _topic(block: str) -> Topic:
    name, nouns, adjectives, verbs = (part.split() for part in block.split("|"))
    return Topic(name[0], tuple(nouns), tuple(adjectives), tuple(verbs))


TOPICS: tuple[Topic, ...] = tuple(_topic(block) for block in _TOPICS.split("\n\n"))
