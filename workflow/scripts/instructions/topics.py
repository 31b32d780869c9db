"""What prompts may ask about: everyday things, each a plural or a mass noun, so that every form takes every topic.

No content word of one topic begins like that of another (see `reading.stem`): a response about one does not pass for
a response about another.
"""

_LINES = (
    # Food
    "bread, cheese, chocolate, coffee, pancakes, noodles, potatoes, tomatoes, carrots, onions, garlic, cinnamon",
    "vanilla, bananas, strawberries, cherries, coconuts, peanuts, walnuts, almonds, pistachios, mushrooms, spinach",
    "cabbage, pumpkins, lentils, popcorn, sandwiches, dumplings, pizza, sushi, yogurt, mustard, vinegar, biscuits",
    "oatmeal, cucumbers, avocados, watermelons, blueberries, lemonade, milkshakes, maple syrup, waffles",
    # Animals
    "elephants, giraffes, penguins, dolphins, whales, octopuses, spiders, butterflies, beetles, ladybugs, horses",
    "kittens, goats, rabbits, hamsters, squirrels, hedgehogs, beavers, otters, kangaroos, parrots, eagles, pigeons",
    "hummingbirds, chickens, turtles, frogs, lizards, crocodiles, dinosaurs, camels, llamas, donkeys, zebras, monkeys",
    "tigers, peacocks, salmon, seahorses, jellyfish, lobsters, snails, caterpillars, flamingos",
    # Nature
    "volcanoes, rainbows, thunderstorms, glaciers, deserts, rainforests, mountains, rivers, oceans, islands, beaches",
    "canyons, waterfalls, clouds, snow, sunsets, planets, comets, galaxies, eclipses, daffodils, tulips, orchids",
    "cactuses, bamboo, seaweed, coral reefs, meadows, crystals, diamonds, pearls, fossils, icebergs",
    # Games and sports
    "chess, football, basketball, tennis, rugby, yoga, karate, skating, archery, trampolines, golf, badminton",
    "volleyball, hockey, baseball, bowling, marathons, fishing, climbing, crossword puzzles, kites, marbles, juggling",
    "origami, magicians, dominoes",
    # Arts and feasts
    "quilts, ceramics, paintings, poems, comics, folk songs, jazz, orchestras, ballet, guitars, pianos, violins, drums",
    "trumpets, cartoons, portraits, sculptures, museums, concerts, circuses, festivals, carnivals, fireworks, weddings",
    "birthdays, picnics, tattoos, murals, comedy, fashion",
    # The house and what is worn
    "candles, mirrors, blankets, pillows, curtains, carpets, clocks, umbrellas, backpacks, suitcases, kettles",
    "chopsticks, teapots, microwaves, toasters, vacuum cleaners, dishwashers, furniture, armchairs, bathtubs, soap",
    "toothbrushes, perfume, scissors, hammers, ladders, balloons, windows, stairs, gardening, compost, sweaters",
    "mittens, socks, sandals, jeans, bathrobes, jackets, necklaces, zippers, buttons, cotton, silk, leather",
    # On the road and in town
    "bicycles, railways, subways, parachutes, helicopters, rockets, satellites, submarines, boats, kayaks",
    "motorcycles, tractors, wagons, lighthouses, bridges, tunnels, elevators, airports, public libraries, orchards",
    "bakeries, supermarkets, castles, pyramids, skyscrapers, windmills, aquariums, playgrounds, villages, restaurants",
    "hotels, stadiums, treehouses, cottages, igloos, fountains, gargoyles, vineyards",
    # Science and its tools
    "computers, smartphones, robots, passwords, batteries, magnets, microscopes, telescopes, microphones, cameras",
    "keyboards, headphones, calculators, thermometers, solar panels, vaccines, vitamins, gravity, lightning, oxygen",
    "plastic, glass, recycling, algebra, geometry, fractions, atoms, bacteria, pendulums, astronomy, sundials",
    # People and what they live with
    "courage, dreams, patience, smiles, jokes, riddles, proverbs, dictionaries, newspapers, magazines",
    "postcards, stamps, notebooks, calendars, handwriting, grammar, homework, budgets, insurance, volunteering",
    "teammates, cousins, twins, roommates, dentists, nurses, firefighters, pilots, astronauts, detectives, pirates",
    "knights, vikings, mummies, dragons, unicorns, mermaids, ghosts, superheroes, fables",
)
TOPICS: tuple[str, ...] = tuple(topic for line in _LINES for topic in line.split(", "))
