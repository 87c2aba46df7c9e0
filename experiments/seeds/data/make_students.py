"""Makes students.csv: will a student receive an A? After the example of Chao 2016, section 1.

    python3 make_students.py > students.csv

GPA and IQ determine an intermediate "innate intelligence", BMI and hours of sleep "physical
health"; the grade is determined by the two, with noise. The numbers are generated from a fixed
seed.
"""
import random

random.seed(2016)
print("gpa,iq,bmi,sleep,grade_a")
for _ in range(200):
    gpa = min(4.0, max(1.0, random.gauss(3.0, 0.5)))
    iq = random.gauss(105, 12)
    bmi = random.gauss(24, 3)
    sleep = random.gauss(7, 1)
    intelligence = (gpa - 3.0) / 0.5 + (iq - 105) / 12
    health = (sleep - 7) - abs(bmi - 23) / 3
    grade = intelligence + 0.7 * health + random.gauss(0, 0.4) > 0
    print(f"{gpa:.2f},{iq:.0f},{bmi:.1f},{sleep:.1f},{int(grade)}")
