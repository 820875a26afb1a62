/* The English of prompts beside the lexicon: what captions write, and how people say the same. */
#include "words/phrases.h"

#define STOP_WORDS                                                                                 \
    "i|we|you|me|my|your|our|us|this|that|these|those|there|here|of|in|on|at|to|from|into|onto|by" \
    "|for|as|so|very|really|quite|just|only|also|too|still|even|again|more|most|some|any|no|not"   \
    "|be|been|being|was|were|am|has|have|had|having|do|does|did|doing|can|could|will|would|shall"  \
    "|should|may|might|must|s|t|re|ve|ll|d|m|its|his|her|hers|their|theirs|who|which|whose|what"   \
    "|where|when|how|if|or|but|because|than|about|over|under|above|below|through|across|between"   \
    "|among|inside|outside|within|against|upon|during|until|till|like|up to|out|off|please|let"    \
    "|show|shows|showing|shown|see|seen|sees|make|makes|made|making|create|creates|generate|want"  \
    "|get|gets|getting|start|starts|started|starting|begin|begins|began|beginning|keep|keeps"      \
    "|kept|keeping|continue|continues|seem|seems|appear to|appears to|going to|lot|lots|bit"       \
    "|little bit|kind|sort|way|side|middle|center|centre|front|back|top|end|view|picture|frame"    \
    "|screen|image|video|clip|movie|film|footage|animation|photo|photograph|drawing|scene|setting" \
    "|background|foreground|landscape|weather|time|moment|place|area|viewer|throughout|meanwhile"  \
    "|slowly|gently|softly|quietly|calmly|gracefully|happily|merrily|peacefully|steadily|silently" \
    "|soundly|suddenly|lazily|proudly|playfully|smoothly|cute|beautiful|lovely|nice|pretty|happy"  \
    "|cheerful|friendly|funny|adorable|amazing|gorgeous|cinematic|realistic|detailed|stylized"     \
    "|quality|resolution|high quality|high resolution|hd|uhd|4k|8k|masterpiece|style|soft|bright"  \
    "|scene takes place|takes place|take place|happen|happens|happening|everything happens|we are" \
    "|one can see|one can also see|can be seen|as well|everything|everywhere|something|thing"      \
    "|things|own|same|each|every|such|then there|single|medium sized|normal "                      \
    "sized|don|isn|doesn|didn|viewed|filmed|captured|recorded|one can|on the spot|in the spot"
/* clang-format off: rows read as a table */
const GrammarRow grammar_en[] = {
    { PH_COUNT, 1, 0, false, "a|an|one|1|a single|some kind of" },
    { PH_COUNT, 2, 0, false, "two|2|a pair of|a couple of|both of the|several" },
    { PH_COUNT, 3, 0, false, "three|3|a group of|a few|a trio of|many|lots of|a lot of" },
    { PH_COUNT, 4, 0, false,
      "four|five|six|seven|eight|nine|ten|4|5|6|7|8|9|10|a dozen|twelve|twenty|a hundred|hundred|a "
      "thousand|hundreds of|thousands of" },
    { PH_NEW, 1, 0, false, "another|one more|a second" },
    { PH_NTH, 1, 0, false, "the first|first of the" },
    { PH_NTH, 2, 0, false, "the other|the second" },
    { PH_NTH, 3, 0, false, "the third" },
    { PH_THE, 0, 0, false, "the|that same" },
    { PH_PRONOUN, 1, 0, false, "it|he|she|him" },
    { PH_PRONOUN, 2, 0, false, "they|them|both of them|all of them|the two of them" },
    { PH_ALL, 0, 0, false, "together|both|all|side by side|each" },
    { PH_AND, 0, 0, false, "and|plus|as well as" },
    { PH_WHILE, 0, 0, false, "while|whilst|as|whereas|at the same time|but|and there is" },
    { PH_THEN, 0, 0, false,
      "then|and then|after that|and after that|afterwards|next|finally|and finally|in the "
      "end|first|at first|before|later|eventually|lastly|at last" },
    { PH_AFTER, 0, 0, false, "after" },
    { PH_EXIST, 0, 0, false, "there is|there are|there s|we see|you see|here is|here are" },
    { PH_EXIST, 1, 0, false, "there is nobody|nobody|no one|there is no one|empty" },
    { PH_IS, 0, 0, false, "is|is now|it is" },
    { PH_ARE, 0, 0, false, "are" },
    { PH_NEAR, 0, 0, false,
      "next to|beside|near|close to|with|by the side of|alongside|holding|accompanied by" },
    { PH_NEAR, 1, 0, false, "nearby|close by" },
    { PH_FAST, 0, 0, false,
      "faster|quicker|more quickly|quickly|fast|swiftly|rapidly|speedily|at full speed|at high "
      "speed|in a hurry|hurriedly" },
    { PH_SIZE, SIZE_BIG, 0, false, "bigger|larger|much bigger|grow" },
    { PH_SIZE, SIZE_SMALL, 0, false, "smaller|tinier|much smaller|shrink" },
    { PH_SIZE, SIZE_NORMAL, 0, false, "normal size|of normal size" },
    { PH_LENS, 0, 0, false, "camera|the camera|cam" },

    { PH_PLACE, REL_LEFT_OF, 0, false,
      "to the left of|left of|on the left of|at the left of|to the left side of|on the left side "
      "of" },
    { PH_PLACE, REL_RIGHT_OF, 0, false,
      "to the right of|right of|on the right of|at the right of|to the right side of|on the right "
      "side of" },
    { PH_PLACE, REL_IN_FRONT_OF, 0, false, "in front of|ahead of" },
    { PH_PLACE, REL_BEHIND, 0, false, "behind|in back of|at the back of" },
    { PH_PLACE, REL_BIGGER_THAN, 0, false,
      "bigger than|larger than|much bigger than|taller than|huge next to" },
    { PH_PLACE, REL_BIGGER_THAN, PHRASE_TURNED, false,
      "smaller than|much smaller than|tinier than|shorter than" },
    { PH_SIDE, REL_LEFT_OF, 0, false, "on the left|at left|on the left side|at the left|on left" },
    { PH_SIDE, REL_RIGHT_OF, 0, false,
      "on the right|at right|on the right side|at the right|on right" },
    { PH_DEED, REL_FOLLOWS, PHRASE_TURNED, false, "followed by" },
    { PH_DEED, REL_CHASES, PHRASE_TURNED, false, "chased by|pursued by|hunted by" },
    { PH_DEED, REL_FOLLOWS, 0, true, "follow|go after|walk behind|come after" },
    { PH_DEED, REL_CHASES, 0, true, "chase|run after|pursue|hunt|chase after" },
    { PH_DEED, REL_MEETS, 0, true, "meet|come up to|encounter|greet|meet up with|walk up to" },
    { PH_DEED, REL_PASSES_BEHIND, 0, true,
      "pass behind|go behind|run behind|go by behind|drive behind" },

    { PH_DIR, DIR_LEFT, 0, false,
      "to the left|left|toward the left|towards the left|from right to left|from the right to the "
      "left|from the right|leftward|leftwards|to left|to the left side|to the left of the "
      "picture|to the left of the frame|right to left" },
    { PH_DIR, DIR_RIGHT, 0, false,
      "to the right|right|toward the right|towards the right|from left to right|from the left to "
      "the right|from the left|rightward|rightwards|to right|to the right side|to the right of the "
      "picture|to the right of the frame|left to right" },
    { PH_DIR, DIR_NEAR, 0, false,
      "toward the camera|towards the camera|to the camera|at the camera|toward us|towards us|to "
      "us|toward the viewer|towards the viewer|to the viewer|closer|closer to the camera|closer to "
      "us|nearer|nearer to us|up to us|up to the camera" },
    { PH_DIR, DIR_AWAY, 0, false,
      "away|away from us|away from the camera|away from the viewer|into the distance|off into the "
      "distance|far away|off" },
    { PH_DIR, DIR_ROUND, 0, false,
      "in circles|in a circle|around in circles|around in a circle|round in circles|round and "
      "round|around and around|in rounds" },
    { PH_DIR, DIR_IN, 0, false,
      "into view|into the view|into the picture|into the frame|into the scene|into frame|into the "
      "shot|into the image|on screen" },
    { PH_DIR, DIR_OUT, 0, false,
      "out of view|out of the view|out of the picture|out of the frame|out of frame|out of the "
      "scene|out of sight|out of the image|off screen|offscreen" },
    { PH_DIR, DIR_UP, 0, false,
      "up|upward|upwards|into the air|skyward|into the sky|up into the sky|up into the air|up and "
      "up" },
    { PH_DIR, DIR_DOWN, 0, false, "down|downward|downwards|to the ground|to the bottom" },
    { PH_DIR, DIR_ALONG, 0, false,
      "along|past|around|about|by itself|forward|forwards|ahead|across the screen|across the "
      "picture" },

    { PH_MOTION, 0, 0, true,
      "move|go|come|walk|stroll|amble|crawl|creep|slither|wriggle|drive|roll|ride|travel|fly|glide|"
      "flutter|flit|swim|sail|cruise|float|drift|slide|wander|march|step|head|pass|tiptoe|turn|"
      "stride|sneak|hike|skate" },
    { PH_MOTION, 1, 0, true, "hop|bounce" },
    { PH_MOTION, 0, PHRASE_FAST, true,
      "run|dash|race|sprint|scurry|scuttle|speed|zoom|rush|dart|gallop|hurry|charge" },
    { PH_ACT, ACT_STAND, 0, true,
      "stand|wait|stay|remain|hover|stand still|stand there|stay still|stay there|stay in "
      "place|stay put|hover in place|remain still|keep still|stand in place|sit|sit down|sit "
      "still|rest|pause|stop|do nothing|lie" },
    { PH_ACT, ACT_STAND, 0, false, "motionless|not moving|standing motionless" },
    { PH_ACT, ACT_JUMP, 0, true,
      "jump|leap|jump up|jump into the air|leap up|leap into the air|jump up and down|jump "
      "around|jump about|jump for joy|spring up|skip" },
    { PH_ACT, ACT_DANCE, 0, true,
      "dance|dance around|dance about|do a dance|do a little dance|boogie|groove" },
    { PH_ACT, ACT_SPIN, 0, true,
      "spin|spin around|spin round|spin in place|twirl|twirl around|whirl|whirl around|rotate|turn "
      "around|turn in place|pirouette|spin in circles" },
    { PH_ACT, ACT_SLEEP, 0, true,
      "sleep|sleep soundly|nap|take a nap|doze|snooze|fall asleep|slumber|lie asleep|doze off" },
    { PH_ACT, ACT_SLEEP, 0, false, "asleep" },
    { PH_ACT, ACT_RISE, 0, true, "rise|rise up|ascend|take off|lift off|soar up|climb" },
    { PH_ACT, ACT_FALL, 0, true,
      "fall|fall down|drop|drop down|come down|tumble|tumble down|sink|sink "
      "down|descend|plunge|land|plummet" },
    { PH_ACT, ACT_ENTER, 0, true,
      "enter|come in|enter the picture|enter the scene|enter the frame|come into view|come on "
      "screen|arrive|appear|show up|enter the view" },
    { PH_ACT, ACT_LEAVE, 0, true,
      "leave|exit|leave the picture|leave the scene|leave the frame|exit the frame|exit the "
      "scene|exit the picture|disappear|vanish|depart" },
    { PH_ACT, ACT_APPROACH, 0, true,
      "approach|approach us|approach the camera|approach the viewer|come closer|draw near|get "
      "closer" },
    { PH_ACT, ACT_GO_AWAY, 0, true, "go away|move away|recede|retreat" },
    { PH_ACT, ACT_CIRCLE, 0, true, "circle|circle around|go round|walk around in circles|loop" },

    { PH_WEATHER, WEATHER_RAIN, 0, false,
      "raining|rains|it is raining|it s raining|it rains|rain is falling|rain falls|rain "
      "pours|pouring|pouring rain|rainfall|rainstorm|heavy rain|light rain|thunderstorm|starts to "
      "rain|begins to rain|to rain" },
    { PH_WEATHER, WEATHER_SNOW, 0, false,
      "snowing|snows|it is snowing|it s snowing|it snows|snow is falling|snow falls|snowflakes "
      "fall|snow flurries|heavy snow|light snow|starts to snow|begins to snow|to snow" },
    { PH_WEATHER, WEATHER_FOG, 0, false,
      "fog everywhere|there is fog|it is foggy|fog rolls in|in a fog|hazy" },
    { PH_WEATHER, WEATHER_WIND, 0, false,
      "the wind is blowing|wind is blowing|the wind blows|wind blows|it is "
      "windy|windstorm|gusts|gusty|stormy wind" },
    { PH_WEATHER, WEATHER_CLEAR, 0, false,
      "the weather is clear|the sky is clear|sky is clear|weather is clear|cloudless|the sun "
      "shines|the sun is shining|sun shines|sunlight|blue sky|in the sun|sun|fine day|sunlit" },
    { PH_TIME, TIME_DAY, 0, false, "it is day|it is daytime|midday|mid day|during the day" },
    { PH_TIME, TIME_DUSK, 0, false,
      "it is dusk|it is evening|the sun is setting|the sun sets|sun sets|setting sun|the setting "
      "sun|golden hour|the sun is rising|the sun rises|nightfall" },
    { PH_TIME, TIME_NIGHT, 0, false,
      "it is night|night has fallen|night falls|nights|tonight|moonlit|moonlit night|late at "
      "night|under the stars|starry night|in the dark|dark|darkness|nocturnal" },
    { PH_SCENE, SCENE_SEA_FLOOR, 0, false,
      "undersea|under the water|underneath the sea|deep sea|deep in the sea|bottom of the ocean" },
    { PH_SCENE, SCENE_RIVER, 0, false, "on the water|in the water|water|across the water" },
    { PH_SCENE, SCENE_CITY, 0, false, "streets|urban street|cityscape" },
    { PH_SCENE, SCENE_MEADOW, 0, false, "prairie|plain|green field|fields|meadows|grasslands" },
    { PH_SCENE, SCENE_FOREST, 0, false, "wood|the wood|rainforest|forests" },
    { PH_SCENE, SCENE_BEACH, 0, false, "sandy beach|beaches|seacoast|shoreline" },
    { PH_SCENE, SCENE_SNOW, PHRASE_SNOW, false,
      "snowy landscape|snowy ground|snowy plain|snow covered field|snow field" },
    { PH_SCENE, SCENE_SPACE, 0, false, "deep space|the stars|zero gravity" },
    { PH_SCENE, SCENE_MOUNTAIN, 0, false, "mountain top|mountaintop|mountainside" },

    { PH_CAMERA, CAMERA_PAN_LEFT, PHRASE_CAMERA_ONLY, true,
      "move from right to left|pan from right to left|sweep from right to left|move left|move to "
      "the left|go left|slide left|sweep left|sweep to the left|drift left|turn to the left" },
    { PH_CAMERA, CAMERA_PAN_RIGHT, PHRASE_CAMERA_ONLY, true,
      "move from left to right|pan from left to right|sweep from left to right|move right|move to "
      "the right|go right|slide right|sweep right|sweep to the right|drift right|turn to the "
      "right" },
    { PH_CAMERA, CAMERA_TILT_UP, PHRASE_CAMERA_ONLY, true,
      "tilt up|move up|rise|look up|go up|move upward|pan up" },
    { PH_CAMERA, CAMERA_TILT_DOWN, PHRASE_CAMERA_ONLY, true,
      "tilt down|move down|look down|go down|move downward|pan down" },
    { PH_CAMERA, CAMERA_ZOOM_IN, PHRASE_CAMERA_ONLY, true,
      "zoom in|zoom|move in|move closer|come closer|approach|get closer|zoom closer|dolly in" },
    { PH_CAMERA, CAMERA_ZOOM_OUT, PHRASE_CAMERA_ONLY, true,
      "zoom out|move out|move back|move away|back away|go back|dolly out" },
    { PH_CAMERA, CAMERA_TRACK, PHRASE_CAMERA_ONLY, true,
      "follow|track|chase|accompany|keep up|go along|go with" },
    { PH_CAMERA, CAMERA_SHAKE, PHRASE_CAMERA_ONLY, true,
      "shake|wobble|tremble|jitter|jiggle|vibrate|shudder|sway" },
    { PH_CAMERA, CAMERA_STILL, PHRASE_CAMERA_ONLY, true,
      "stay|stand|rest|remain still|hold|stay in place|stand still|not move|remain fixed|stay "
      "fixed" },
    { PH_CAMERA, CAMERA_STILL, PHRASE_CAMERA_ONLY, false,
      "still|fixed|static|steady|motionless|not moving|locked|locked off" },
    { PH_CAMERA, CAMERA_SHAKE, PHRASE_CAMERA_ONLY, false, "shaky|handheld|hand held|unsteady" },
    { PH_CAMERA, CAMERA_STILL, 0, false, "camera is still|static shot|fixed shot|still shot" },
    { PH_CAMERA, CAMERA_SHAKE, 0, false,
      "handheld shot|hand held camera|shaking camera|shaky shot" },
    { PH_CAMERA, CAMERA_ZOOM_IN, 0, false, "push in shot|dolly in|zoom in shot" },
    { PH_CAMERA, CAMERA_ZOOM_OUT, 0, false, "pull out shot|dolly out|zoom out shot" },
    { PH_CAMERA, CAMERA_TRACK, 0, false, "follow shot|following shot|tracking camera" },
    { PH_CAMERA, CAMERA_PAN_LEFT, 0, false, "left pan|leftward pan" },
    { PH_CAMERA, CAMERA_PAN_RIGHT, 0, false, "right pan|rightward pan" },

    { PH_COMMAND, COMMAND_TURN, 0, true,
      "change|transform|convert|morph|replace|swap|exchange|substitute|switch" },
    { PH_COMMAND, COMMAND_REMOVE, 0, true,
      "remove|delete|erase|take away|get rid of|take out|eliminate|clear away" },
    { PH_COMMAND, COMMAND_REMOVE, 0, false, "without|no more" },
    { PH_COMMAND, COMMAND_ADD, 0, true, "add|insert|include|put|place|put in" },
    { PH_VERB, 0, 0, true,
      "eat|drink|play|sing|read|write|cook|paint|draw|look|watch|smile|laugh|cry|shout|talk|speak|"
      "say|fight|hit|kick|throw|catch|push|pull|carry|hold|lift|open|close|build|break|burn|"
      "explode|shoot|bark|meow|roar|howl|chirp|quack|kiss|hug|wave|clap|hide|seek|find|search|wash|"
      "clean|dig|cut|wear|bite|lick|sniff|graze|peck|hunt "
      "for|juggle|swing|stretch|yawn|blink|nod|melt|bloom|shine|glow|sparkle|knock|pour|fill|fetch|"
      "celebrate|study|work|type|wink|pose" },
    { PH_QUALITY, 0, 0, false,
      "red|green|blue|yellow|orange|purple|pink|black|white|brown|grey|gray|golden|silver|colorful|"
      "colourful|striped|spotted|old|young|baby|fat|thin|tall|short|long|wooden|metal|plastic|"
      "glass|angry|sad|sleepy|scary|wild|fluffy|furry|hairy|shiny|wet|dirty|broken|fancy|modern|"
      "ancient|magic|magical|lonely|naked|pregnant|female|male|brave|wise|elegant" },
    { PH_STOP, 0, 0, false, STOP_WORDS },
    { 0 },
};
